/* Request signatures, SDK-HMAC-SHA256: what a request claims, and whether a secret key proves it.
 *
 * Pure functions over what was received; nothing is normalised before it gets here.  What is signed
 * differs per client: exactly what SignedHeaders lists is verified, and besides the date nothing is
 * required.  Every refusal is ERROR_UNAUTHENTICATED with a public argument that says why. */
#ifndef AUTH_SIGNATURE_H
#define AUTH_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

enum { SIGNATURE_SIGNED_HEADERS_MAX = 100 };

struct auth_header {
    struct text name; /* of any case */
    struct text value;
};

/* A request as it was received.  target is the request line's, path and query, still encoded. */
struct auth_request {
    struct text method;
    struct text target;
    struct text body;
    const struct auth_header *headers;
    size_t header_count;
};

/* What a request claims; text belongs to the request. */
struct signature {
    struct text access_key;
    struct text signed_headers;
    struct text date;
    unsigned char digest[DIGEST_LENGTH];
};

/* The first header of that name (ASCII case ignored), or null. */
const struct auth_header *auth_request_find_header(const struct auth_request *request,
                                                   const char *name);

size_t auth_request_count_headers(const struct auth_request *request, const char *name);

/* Reads the Authorization header and checks what needs no key: its form, that the date is signed
 * and not more than window_seconds away from now, and that X-Sdk-Content-Sha256, where sent, fits
 * the body. */
int signature_parse(const struct auth_request *request, int64_t now, int64_t window_seconds,
                    struct signature *ret_signature, struct error *err);

/* Whether a header of that name is among the signed ones (ASCII case ignored). */
bool signature_signs(const struct signature *signature, const char *name);

/* Compares the signature with the one that the secret key gives, in constant time.  Refuses as well
 * where a signed header is missing. */
int signature_verify(const struct auth_request *request, const struct signature *signature,
                     struct text secret_key, struct error *err);

/* SHA-256 of the canonical request, for tests and for verify. */
int signature_canonical_digest(const struct auth_request *request,
                               const struct signature *signature,
                               unsigned char ret_digest[DIGEST_LENGTH], struct error *err);

/* The one public answer to a wrong signature, an unknown key and a disabled one. */
int signature_refuse(struct error *err);

#endif
