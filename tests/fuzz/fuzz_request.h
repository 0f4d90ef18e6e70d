/* A request as a person can write it down: `METHOD TARGET`, lines of `name:value`, an empty line,
 * the body.  Laxer than HTTP, so that what is behind the framing sees more than would reach it. */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

#include "auth/signature.h"
#include "fuzz.h"

enum { FUZZ_HEADERS_MAX = 100 };

struct fuzz_request {
    struct auth_request auth;
    struct auth_header headers[FUZZ_HEADERS_MAX];
};

/* Each part is memory of its own.  Released by fuzz_request_release. */
void fuzz_request_init(struct fuzz_request *request, struct text text);
void fuzz_request_release(struct fuzz_request *request);

/* The target up to the first '?', and what is after it; null bytes where there is none. */
struct text fuzz_request_path(const struct fuzz_request *request);
struct text fuzz_request_query(const struct fuzz_request *request);

#endif
