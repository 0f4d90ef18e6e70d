/* A chunked body (RFC 9112, 7.1) as it arrives, read more strictly than h2o reads it: every line
 * ends with CR LF, sizes are hex digits and nothing else, and what is not data is bounded.
 *
 * Pure; any thread. */
#ifndef SERVER_HTTP_CHUNKS_H
#define SERVER_HTTP_CHUNKS_H

#include "base/error.h"
#include "base/text.h"

/* Extensions and trailers of one body, together. */
enum { CHUNKS_ASIDE_MAX = 4 * 1024 };

/* Begins as zeros. */
struct chunks {
    int state;
    int digits;
    size_t left; /* of the chunk */
    size_t total;
    size_t aside;
};

/* Takes the next bytes: 1 where the body ended among them, 0 where it goes on.  Fails with
 * ERROR_INVALID_PARAMETER or ERROR_BODY_TOO_LARGE (FRAMING_BODY_MAX). */
int chunks_read(struct chunks *chunks, struct text fresh, struct error *err);

#endif
