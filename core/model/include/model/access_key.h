/* Making an access key: an id and a secret that nobody can guess. */
#ifndef MODEL_ACCESS_KEY_H
#define MODEL_ACCESS_KEY_H

#include "base/secret.h"

enum { ACCESS_KEY_ID_LENGTH = 20, ACCESS_KEY_SECRET_LENGTH = 40 };

struct access_key_pair {
    char id[ACCESS_KEY_ID_LENGTH + 1];         /* A-Z, 0-9 */
    char secret[ACCESS_KEY_SECRET_LENGTH + 1]; /* A-Z, a-z, 0-9; the caller cleanses it */
};

/* From the operating system's generator; aborts where there is none.  Any thread. */
void access_key_generate(struct access_key_pair *ret_pair);

/* Whose its sealed secret is; project is null for an operator's.  Text must outlive it. */
struct secret_owner access_key_secret_owner(const char *project, const char *id);

#endif
