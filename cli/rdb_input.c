/* zlib reads what is not compressed as it is, so that both are read by it. */
#include "rdb_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "interrupt.h"

enum { BUFFER_SIZE = 128 << 10, MS_OF_S = 1000, NS_OF_MS = 1000000 };

struct rdb_input {
    gzFile file;
    int64_t size, time_ms, bytes;
};

static int fail_with_errno(int number, struct error *err)
{
    const char *reason = strerrordesc_np(number);
    return error_set(err, ERROR_CONFIG, "%s", reason ? reason : "unknown error");
}

static int open_file(const char *path, struct error *err)
{
    bool is_standard = strcmp(path, "-") == 0;
    if (is_standard && isatty(STDIN_FILENO))
        return error_set(err, ERROR_CONFIG, "a terminal, where there is no dump to read");
    /* A copy, as closing the input closes it. */
    int file =
        is_standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    return file >= 0 ? file : fail_with_errno(errno, err);
}

int rdb_input_open(const char *path, struct rdb_input **ret_input, struct error *err)
{
    struct stat status;
    int file = open_file(path, err);
    if (file < 0)
        return -1;
    if (fstat(file, &status) < 0 || S_ISDIR(status.st_mode)) {
        fail_with_errno(S_ISDIR(status.st_mode) ? EISDIR : errno, err);
        close(file);
        return -1;
    }
    struct rdb_input *input = calloc(1, sizeof(*input));
    if (!input)
        abort();
    bool is_regular = S_ISREG(status.st_mode);
    input->size = is_regular ? status.st_size : 0;
    input->time_ms =
        is_regular ? status.st_mtim.tv_sec * (int64_t)MS_OF_S + status.st_mtim.tv_nsec / NS_OF_MS
                   : clock_unix_ms();
    input->file = gzdopen(file, "rb");
    if (!input->file || gzbuffer(input->file, BUFFER_SIZE) != 0)
        abort();
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret_input = input;
    return 0;
}

void rdb_input_free(struct rdb_input *input)
{
    if (!input)
        return;
    gzclose_r(input->file);
    free(input);
}

ssize_t rdb_input_read(struct rdb_input *input, void *ret_bytes, size_t most, struct error *err)
{
    int number = Z_OK;
    if (interrupt_has_come())
        return error_set(err, ERROR_SCAN_CANCELLED, "interrupted");
    int moved = gzread(input->file, ret_bytes, most < BUFFER_SIZE ? (unsigned)most : BUFFER_SIZE);
    const char *reason = moved > 0 ? NULL : gzerror(input->file, &number);
    input->bytes += moved > 0 ? moved : 0;
    if (moved > 0 || (moved == 0 && number == Z_OK))
        return moved;
    if (interrupt_has_come())
        return error_set(err, ERROR_SCAN_CANCELLED, "interrupted");
    if (number == Z_ERRNO)
        return fail_with_errno(errno, err);
    /* zlib names the descriptor first. */
    const char *text = strstr(reason, ": ");
    return error_set(err, ERROR_CONFIG, "cannot be uncompressed: %s", text ? text + 2 : reason);
}

int64_t rdb_input_size(const struct rdb_input *input)
{
    return input->size;
}

int64_t rdb_input_position(const struct rdb_input *input)
{
    int64_t position = gzoffset(input->file);
    return position > 0 ? position : 0;
}

int64_t rdb_input_bytes(const struct rdb_input *input)
{
    return input->bytes;
}

int64_t rdb_input_time_ms(const struct rdb_input *input)
{
    return input->time_ms;
}
