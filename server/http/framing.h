/* A second look at a request's raw head, stricter than h2o's parser.
 *
 * h2o 2.2.5 takes the first of two Content-Length headers, lets Transfer-Encoding win over
 * Content-Length, the last of two Host headers win, and accepts bare LF and folded lines; and it
 * hides those headers from handlers.  Behind a proxy that reads the same bytes otherwise, each lets
 * a request be smuggled in. */
#ifndef SERVER_HTTP_FRAMING_H
#define SERVER_HTTP_FRAMING_H

#include "auth/signature.h"
#include "base/error.h"
#include "base/text.h"

enum {
    FRAMING_HEADERS_MAX = 100,
    FRAMING_HEAD_MAX = 64 * 1024,
    FRAMING_TARGET_MAX = 8 * 1024,
};

/* All headers in the order sent, repeated ones too; text points into the head. */
struct framing {
    size_t header_count;
    struct auth_header headers[FRAMING_HEADERS_MAX];
};

/* input begins with a head that h2o's parser has accepted; what follows it is not looked at.  Fails
 * with ERROR_INVALID_PARAMETER (the public argument names what is wrong), ERROR_URI_TOO_LARGE or
 * ERROR_HEADERS_TOO_LARGE; the connection cannot be trusted after that. */
int framing_check(struct text input, struct framing *ret_framing, struct error *err);

#endif
