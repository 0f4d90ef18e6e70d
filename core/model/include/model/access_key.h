/* Making an access key: an id, a secret and a token that nobody can guess. */
#ifndef MODEL_ACCESS_KEY_H
#define MODEL_ACCESS_KEY_H

#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"

enum { ACCESS_KEY_ID_LENGTH = 20, ACCESS_KEY_SECRET_LENGTH = 40, ACCESS_KEY_TOKEN_LENGTH = 64 };

struct access_key_pair {
    char id[ACCESS_KEY_ID_LENGTH + 1];         /* A-Z, 0-9 */
    char secret[ACCESS_KEY_SECRET_LENGTH + 1]; /* A-Z, a-z, 0-9; the caller cleanses it */
    char token[ACCESS_KEY_TOKEN_LENGTH + 1];   /* the same; empty for a permanent key */
};

/* From the operating system's generator; aborts where there is none.  Any thread. */
void access_key_generate(bool temporary, struct access_key_pair *ret_pair);

/* Whose its sealed secret is; project is null for an operator's.  Text must outlive it. */
struct secret_owner access_key_secret_owner(const char *project, const char *id);

#endif
