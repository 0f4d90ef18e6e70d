/* Access keys come from a generator that is fit for secrets, every letter equally likely. */
#include "model/access_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

static const char upper_case[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char both_cases[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static void random_text(const char *alphabet, size_t length, char *ret_text)
{
    size_t letters = strlen(alphabet);
    for (size_t i = 0; i < length;) {
        unsigned char byte;
        if (RAND_bytes(&byte, 1) != 1)
            abort();
        /* What is past the last whole multiple would make the first letters likelier. */
        if (byte < 256 - 256 % letters)
            ret_text[i++] = alphabet[byte % letters];
    }
    ret_text[length] = '\0';
}

struct secret_owner access_key_secret_owner(const char *project, const char *id)
{
    static const struct secret_column column = {"access_key.sealed_secret", ""};
    return (struct secret_owner){&column, project, id};
}

void access_key_generate(bool temporary, struct access_key_pair *ret_pair)
{
    random_text(upper_case, ACCESS_KEY_ID_LENGTH, ret_pair->id);
    random_text(both_cases, ACCESS_KEY_SECRET_LENGTH, ret_pair->secret);
    random_text(both_cases, temporary ? ACCESS_KEY_TOKEN_LENGTH : 0, ret_pair->token);
}
