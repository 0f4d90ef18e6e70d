#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"

int secret_file_read(const char *path, char *ret_content, size_t size, struct error *err)
{
    SCOPED(scope_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    ret_content[0] = '\0';
    if (file < 0 || fstat(file, &status) < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || (status.st_mode & S_IRWXO))
        return error_set(err, ERROR_SECRET, "%s: must be a regular file that others cannot read",
                         path);
    if (status.st_size >= (off_t)size)
        return error_set(err, ERROR_SECRET, "%s: larger than %zu bytes", path, size - 1);
    ssize_t length = read(file, ret_content, size - 1);
    if (length < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    ret_content[length] = '\0';
    return 0;
}
