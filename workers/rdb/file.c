/* zlib reads what is not compressed as it is, so that both are read by it. */
#include "rdb/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/clock.h"

enum { BUFFER_SIZE = 128 << 10, MS_OF_S = 1000, NS_OF_MS = 1000000 };

struct rdb_file {
    gzFile file;
    int64_t size, time_ms, given;
};

int rdb_file_new(int descriptor, struct rdb_file **ret_file)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0)
        return -1;
    struct rdb_file *file = calloc(1, sizeof(*file));
    if (!file)
        abort();
    bool is_regular = S_ISREG(status.st_mode);
    file->size = is_regular ? status.st_size : 0;
    file->time_ms =
        is_regular ? status.st_mtim.tv_sec * (int64_t)MS_OF_S + status.st_mtim.tv_nsec / NS_OF_MS
                   : clock_unix_ms();
    file->file = gzdopen(descriptor, "rb");
    if (!file->file || gzbuffer(file->file, BUFFER_SIZE) != 0)
        abort();
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret_file = file;
    return 0;
}

void rdb_file_free(struct rdb_file *file)
{
    if (!file)
        return;
    gzclose_r(file->file);
    free(file);
}

ssize_t rdb_file_read(struct rdb_file *file, void *ret_bytes, size_t most, enum error_code code,
                      struct error *err)
{
    int number = Z_OK;
    int moved = gzread(file->file, ret_bytes, most < BUFFER_SIZE ? (unsigned)most : BUFFER_SIZE);
    int failure = errno;
    const char *reason = moved > 0 ? NULL : gzerror(file->file, &number);
    file->given += moved > 0 ? moved : 0;
    if (moved > 0 || (moved == 0 && number == Z_OK))
        return moved;
    if (number == Z_ERRNO)
        return error_set(err, code, "cannot be read: %s", strerrordesc_np(failure));
    /* zlib names the descriptor first. */
    const char *text = strstr(reason, ": ");
    return error_set(err, code, "cannot be uncompressed: %s", text ? text + 2 : reason);
}

int64_t rdb_file_given(const struct rdb_file *file)
{
    return file->given;
}

int64_t rdb_file_size(const struct rdb_file *file)
{
    return file->size;
}

int64_t rdb_file_position(const struct rdb_file *file)
{
    int64_t position = gzoffset(file->file);
    return position > 0 ? position : 0;
}

int64_t rdb_file_time_ms(const struct rdb_file *file)
{
    return file->time_ms;
}
