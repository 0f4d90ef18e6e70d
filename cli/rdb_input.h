/* The bytes of a dump: a file's or standard input's, which are uncompressed where they begin as
 * gzip does.  One thread. */
#ifndef CLI_RDB_INPUT_H
#define CLI_RDB_INPUT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct rdb_input;

/* `-` is standard input.  Fails with ERROR_CONFIG. */
int rdb_input_open(const char *path, struct rdb_input **ret_input, struct error *err);
void rdb_input_free(struct rdb_input *input);

/* The next 1 to `most` bytes; 0: the end.  Fails with ERROR_SCAN_CANCELLED where the program was
 * interrupted (interrupt.h), else with ERROR_CONFIG. */
ssize_t rdb_input_read(struct rdb_input *input, void *ret_bytes, size_t most, struct error *err);

/* Bytes that the file has, compressed or not; 0: not known, it is no regular file.  And how many of
 * these were read so far. */
int64_t rdb_input_size(const struct rdb_input *input);
int64_t rdb_input_position(const struct rdb_input *input);

/* Bytes that were given out. */
int64_t rdb_input_bytes(const struct rdb_input *input);

/* When the file was written last; of what is no regular file, when it was opened: Unix time. */
int64_t rdb_input_time_ms(const struct rdb_input *input);

#endif
