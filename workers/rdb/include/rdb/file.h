/* The bytes of a file that holds an RDB, plain or compressed by gzip.  One thread. */
#ifndef RDB_FILE_H
#define RDB_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct rdb_file;

/* Takes the descriptor over, which rdb_file_free closes.  Where something cannot be had of it
 * returns -1 with errno, and the descriptor stays the caller's. */
int rdb_file_new(int descriptor, struct rdb_file **ret_file);
void rdb_file_free(struct rdb_file *file);

/* The next 1 to `most` bytes of what the file holds, or of what it holds compressed; 0: the end.
 * Fails with that code: where it cannot be read, or is damaged. */
ssize_t rdb_file_read(struct rdb_file *file, void *ret_bytes, size_t most, enum error_code code,
                      struct error *err);

/* Bytes that were given out. */
int64_t rdb_file_given(const struct rdb_file *file);

/* Bytes that the file has, compressed or not; 0: not known, it is no regular file.  And how many of
 * these were read so far. */
int64_t rdb_file_size(const struct rdb_file *file);
int64_t rdb_file_position(const struct rdb_file *file);

/* When it was written last; of what is no regular file, when it was opened: Unix time. */
int64_t rdb_file_time_ms(const struct rdb_file *file);

#endif
