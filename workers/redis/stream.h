/* Bytes to and from a server over a non-blocking socket, with or without TLS. */
#ifndef REDIS_STREAM_H
#define REDIS_STREAM_H

#include "redis/connection.h"

struct ssl_st;

struct stream {
    int socket;         /* -1: none */
    struct ssl_st *ssl; /* null: no TLS */
    bool read_wants_write;
    struct redis_interrupt interrupt;
    int64_t asked_at; /* when the interrupt was asked last, monotonic ms */
};

/* Connects, and shakes hands where the target wants TLS, before the deadline (monotonic ms). A
 * stream is released whether or not this succeeds. */
int stream_open(struct stream *stream, const struct redis_target *target,
                struct redis_interrupt interrupt, int64_t deadline, struct error *err);
void stream_release(struct stream *stream);

/* Both return the bytes moved, 0 where the socket is not ready, and -1 where the connection is
 * over. */
ptrdiff_t stream_read(struct stream *stream, char *bytes, size_t size, struct error *err);
ptrdiff_t stream_write(struct stream *stream, const char *bytes, size_t length, struct error *err);

/* Waits until the socket can be read, or written where that is wanted, and asks the interrupt.
 * Returns 1, 0 where the deadline has passed, or -1 where the interrupt says so. */
int stream_wait(struct stream *stream, bool to_read, bool to_write, int64_t deadline,
                struct error *err);

/* How much the system takes in for it before it is read; what is larger than the system allows is
 * that. */
void stream_set_receive_buffer(struct stream *stream, int bytes);

/* Asks the interrupt where it was not asked lately. */
int stream_check(struct stream *stream, int64_t now, struct error *err);

#endif
