/* What makes a request the same as an earlier one: its signature, or an Idempotency-Key. */
#ifndef AUTH_REPLAY_H
#define AUTH_REPLAY_H

#include <stdbool.h>

#include "auth/signature.h"

/* The longest Idempotency-Key. */
enum { IDEMPOTENCY_KEY_MAX = 255 };

struct replay {
    unsigned char fingerprint[SIGNATURE_DIGEST_LENGTH]; /* of method, target and body */
    /* Of the signature: one that the database or its log shows could be sent again by whoever reads
     * it, its hash cannot. */
    unsigned char signature_token[SIGNATURE_DIGEST_LENGTH];
    bool has_key;
    unsigned char key_token[SIGNATURE_DIGEST_LENGTH]; /* of the Idempotency-Key */
};

/* Fails with ERROR_INVALID_PARAMETER where there is an Idempotency-Key that is empty, too long,
 * sent twice or has other than visible ASCII characters and spaces. */
int replay_read(const struct auth_request *request,
                const unsigned char signature[SIGNATURE_DIGEST_LENGTH], struct replay *ret_replay,
                struct error *err);

#endif
