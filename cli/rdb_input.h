/* Where the bytes of a dump come from: a file, or standard input. */
#ifndef CLI_RDB_INPUT_H
#define CLI_RDB_INPUT_H

#include "rdb/file.h"

/* `-` is standard input.  Fails with ERROR_CONFIG. */
int rdb_input_open(const char *path, struct rdb_file **ret_file, struct error *err);

/* rdb_file_read; fails with ERROR_SCAN_CANCELLED where the program was interrupted (interrupt.h),
 * else with ERROR_CONFIG. */
ssize_t rdb_input_read(struct rdb_file *file, void *ret_bytes, size_t most, struct error *err);

#endif
