/* Finds the end of answers of HTTP/1.1 (RFC 9112) in a stream of bytes and keeps nothing of them:
 * by Content-Length, chunks, a status without body, or the end of the connection. */
#ifndef BENCH_LOAD_ANSWER_H
#define BENCH_LOAD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ANSWER_HEAD_MAX = 16384 };

enum answer_state {
    ANSWER_HEAD,
    ANSWER_BODY,       /* `left` bytes of it, and then it ends */
    ANSWER_CHUNK_SIZE, /* in its line; `left` is what was read of it */
    ANSWER_CHUNK_EXTENSION,
    ANSWER_CHUNK, /* `left` bytes of it, its line end with it */
    ANSWER_TRAILER,
    ANSWER_UNTIL_CLOSE,
    ANSWER_DONE
};

/* All zero is the beginning of an answer. */
struct answer {
    enum answer_state state;
    int status;
    bool closes; /* the connection ends with it */
    uint64_t left;
    bool digits, line_has_bytes;
    char *carry; /* of a head that came in parts; malloc */
    size_t carried;
};

/* Takes bytes up to the end of the answer, where state is ANSWER_DONE: how many.  Negative where
 * they are no answer.  is_head: it is to HEAD. */
ssize_t answer_take(struct answer *answer, const char *bytes, size_t length, bool is_head);

/* Makes it ready for the next one. */
void answer_reset(struct answer *answer);

#endif
