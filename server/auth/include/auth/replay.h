/* What makes a request the same as an earlier one: its signature, or an Idempotency-Key. */
#ifndef AUTH_REPLAY_H
#define AUTH_REPLAY_H

#include <stdbool.h>

#include "auth/signature.h"

/* The longest Idempotency-Key. */
enum { IDEMPOTENCY_KEY_MAX = 255 };

struct replay {
    unsigned char fingerprint[DIGEST_LENGTH]; /* of method, target and body */
    /* Of the signature: one that the database or its log shows could be sent again by whoever reads
     * it, its hash cannot. */
    unsigned char signature_token[DIGEST_LENGTH];
    bool has_key;
    unsigned char key_token[DIGEST_LENGTH]; /* of the Idempotency-Key */
};

/* Of a request that changes nothing, and is not remembered.  Fails as replay_read does. */
int replay_check(const struct auth_request *request, struct error *err);

/* Fails with ERROR_INVALID_PARAMETER where there is an Idempotency-Key that is empty, too long,
 * sent twice or has other than visible ASCII characters and spaces. */
int replay_read(const struct auth_request *request, const unsigned char signature[DIGEST_LENGTH],
                struct replay *ret_replay, struct error *err);

#endif
