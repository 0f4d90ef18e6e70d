/* Temporary access keys: the token that is sent and signed with every request, and the key's end.
 */
#ifndef AUTH_SECURITY_TOKEN_H
#define AUTH_SECURITY_TOKEN_H

#include "auth/access_key_cache.h"
#include "auth/signature.h"

/* Checks X-Security-Token, after the signature has been verified.  A temporary key needs exactly
 * one, which must be signed and be the key's own (compared in constant time), and must not have
 * ended at now_ms.  A permanent key must bring none, or an empty one: a client that does takes it
 * for another key.  Every refusal is signature_refuse's, so that it tells nothing about the key. */
int security_token_check(const struct auth_request *request, const struct signature *signature,
                         const struct access_key *key, int64_t now_ms, struct error *err);

#endif
