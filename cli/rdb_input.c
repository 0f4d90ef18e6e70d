/* What is opened of what a person names. */
#include "rdb_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"

static int fail_with_errno(int number, struct error *err)
{
    const char *reason = strerrordesc_np(number);
    return error_set(err, ERROR_CONFIG, "%s", reason ? reason : "unknown error");
}

static int open_descriptor(const char *path, struct error *err)
{
    bool is_standard = strcmp(path, "-") == 0;
    if (is_standard && isatty(STDIN_FILENO))
        return error_set(err, ERROR_CONFIG, "a terminal, where there is no dump to read");
    /* A copy, as closing the input closes it. */
    int opened =
        is_standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    return opened >= 0 ? opened : fail_with_errno(errno, err);
}

int rdb_input_open(const char *path, struct rdb_file **ret_file, struct error *err)
{
    struct stat status;
    int opened = open_descriptor(path, err);
    if (opened < 0)
        return -1;
    int failure = fstat(opened, &status) < 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
    if (failure == 0 && rdb_file_new(opened, ret_file) < 0)
        failure = errno;
    if (failure == 0)
        return 0;
    close(opened);
    return fail_with_errno(failure, err);
}

ssize_t rdb_input_read(struct rdb_file *file, void *ret_bytes, size_t most, struct error *err)
{
    if (interrupt_has_come())
        return error_set(err, ERROR_SCAN_CANCELLED, "interrupted");
    ssize_t moved = rdb_file_read(file, ret_bytes, most, ERROR_CONFIG, err);
    if (moved < 0 && interrupt_has_come()) {
        error_clear(err);
        return error_set(err, ERROR_SCAN_CANCELLED, "interrupted");
    }
    return moved;
}
