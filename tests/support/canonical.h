/* SDK-HMAC-SHA256 written down plainly from the wire contract: the canonical request as text, and
 * the signature of it.  Slow, simple, and nothing of server/auth in it, so that a fault of the one
 * does not hide in the other.  The C twin of signer.mjs. */
#ifndef SUPPORT_CANONICAL_H
#define SUPPORT_CANONICAL_H

#include "auth/signature.h"

enum { CANONICAL_DIGITS = 2 * DIGEST_LENGTH };

struct canonical {
    char *text; /* freed by the caller, also after a failure */
    size_t length, capacity;
};

/* Returns false where a request has none: a '%' that encodes nothing, a signed header that was not
 * sent, more than SIGNATURE_SIGNED_HEADERS_MAX of them. */
bool canonical_write(const struct auth_request *request, struct text signed_headers,
                     struct canonical *ret_canonical);

void canonical_digest(const struct canonical *canonical, unsigned char ret_digest[DIGEST_LENGTH]);

/* The bytes that Signature= writes as digits. */
void canonical_sign(const struct canonical *canonical, struct text date, struct text secret,
                    unsigned char ret_signature[DIGEST_LENGTH]);

#endif
