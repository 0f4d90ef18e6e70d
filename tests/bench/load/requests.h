/* The requests to be sent, as they are, one behind the other in one piece of memory, so that
 * several in a row are sent by one call. */
#ifndef BENCH_LOAD_REQUESTS_H
#define BENCH_LOAD_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

struct requests {
    char *bytes;
    size_t *starts; /* count + 1 */
    size_t count, next;
    bool once;
};

/* Reads a file of `LENGTH\n` and so many bytes, over and over.  Negative: says why on standard
 * error. */
int requests_load(struct requests *requests, const char *path);
void requests_release(struct requests *requests);

/* Takes up to `most` of the next ones that lie in a row: their number, 0 where all were used and
 * each is used once.  They stay where they are until release. */
size_t requests_take(struct requests *requests, size_t most, size_t *ret_first,
                     const char **ret_bytes, size_t *ret_length);

/* That its answer has no body. */
bool requests_is_head(const struct requests *requests, size_t number);

#endif
