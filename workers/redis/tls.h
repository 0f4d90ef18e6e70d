/* TLS on a connected socket: 1.2 or later, the server's certificate always verified. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include "stream.h"

/* Sets stream->ssl and shakes hands before the deadline. */
int tls_open(struct stream *stream, const struct redis_target *target, int64_t deadline,
             struct error *err);
void tls_release(struct stream *stream);

/* As stream_read and stream_write. */
ptrdiff_t tls_read(struct stream *stream, char *bytes, size_t size, struct error *err);
ptrdiff_t tls_write(struct stream *stream, const char *bytes, size_t length, struct error *err);

#endif
