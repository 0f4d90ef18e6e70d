/* A request's head, read more strictly than h2o reads it.
 *
 * h2o 2.2.5 takes the first of two Content-Length headers, lets Transfer-Encoding win over
 * Content-Length, the last of two Host headers win, and accepts bare LF and folded lines; and it
 * hides those headers from handlers.  Behind a proxy that reads the same bytes otherwise, each lets
 * a request be smuggled in.  Rules are those of RFC 9112, sections 2.2, 3, 5 and 6; where it leaves
 * a choice, the refusal is taken. */
#ifndef SERVER_HTTP_FRAMING_H
#define SERVER_HTTP_FRAMING_H

#include "auth/signature.h"
#include "base/error.h"
#include "base/text.h"

/* Bytes.  A head and a body together are what a connection can make the server hold: 64 KiB. */
enum {
    FRAMING_HEADERS_MAX = 100,
    FRAMING_HEAD_MAX = 16 * 1024,
    FRAMING_TARGET_MAX = 8 * 1024,
    FRAMING_BODY_MAX = 48 * 1024,
};

/* Text points into the head. */
struct framing {
    struct text target;
    size_t head_length; /* with the empty line at its end */
    bool is_chunked;
    size_t content_length; /* 0 where none is said */
    /* All of them in the order sent, repeated ones too. */
    size_t header_count;
    struct auth_header headers[FRAMING_HEADERS_MAX];
};

/* The first line, without its end: method, target, version.  Fails as framing_check does. */
int framing_check_request_line(struct text line, struct error *err);

/* input begins with a head; what follows it is not looked at.  Fails with ERROR_INVALID_PARAMETER
 * (the public argument names what is wrong), ERROR_URI_TOO_LARGE, ERROR_HEADERS_TOO_LARGE or
 * ERROR_BODY_TOO_LARGE; the connection cannot be trusted after that.  target is set in any case,
 * empty where there is none. */
int framing_check(struct text input, struct framing *ret_framing, struct error *err);

#endif
