/* zlib reads what is not compressed as it is, so that both are read by it. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/scope.h"
#include "base/text.h"

enum { BUFFER_SIZE = 128 << 10 };

struct backup {
    gzFile file;
    int64_t modified_s;
};

static bool is_id(const char *id)
{
    size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length > 0 && length <= BACKUP_ID_MAX && id[length] == '\0' && id[0] != '.';
}

static int fail_with_errno(int number, const char *what, struct error *err)
{
    const char *reason = strerrordesc_np(number);
    /* What a link is answered with, in place of a directory and of a file. */
    if (number == ELOOP)
        reason = "a link, which is not followed";
    return error_set(err, ERROR_BACKUP, "%s: %s", what, reason ? reason : "unknown error");
}

/* Opens one part of the way and closes where it begins. */
static int step(int parent, const char *name, int flags, struct error *err)
{
    int opened = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags);
    int number = errno;
    close(parent);
    return opened >= 0 ? opened : fail_with_errno(number, name, err);
}

static int open_directory(int root, const char *directory, struct error *err)
{
    SCOPED(scope_free) char *path = text_copy(directory, strlen(directory));
    char *rest = path;
    int opened = root;
    for (char *name; opened >= 0 && (name = strsep(&rest, "/"));) {
        if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            close(opened);
            return error_set(err, ERROR_BACKUP, "not a path below backup_root");
        }
        opened = step(opened, name, O_DIRECTORY, err);
    }
    return opened;
}

/* Not a device, nor a pipe that somebody else fills. */
static int take(int file, struct backup **ret_backup, struct error *err)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return fail_with_errno(errno, "the file", err);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERROR_BACKUP, "not a regular file");
    struct backup *backup = calloc(1, sizeof(*backup));
    if (!backup)
        abort();
    backup->modified_s = status.st_mtime;
    backup->file = gzdopen(file, "rb");
    if (!backup->file || gzbuffer(backup->file, BUFFER_SIZE) != 0)
        abort();
    posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret_backup = backup;
    return 0;
}

static int open_file(const char *root, const char *directory, const char *id, struct error *err)
{
    /* The root is the operator's, and may be a link. */
    int opened = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return fail_with_errno(errno, "backup_root", err);
    opened = open_directory(opened, directory, err);
    if (opened < 0)
        return error_prefix(err, "the instance's directory of backups");
    opened = step(opened, id, 0, err);
    return opened < 0 ? error_prefix(err, "the backup") : opened;
}

int backup_open(const char *root, const char *directory, const char *id, struct backup **ret_backup,
                struct error *err)
{
    if (!root || !root[0])
        return error_set(err, ERROR_BACKUP, "no backups are read here: backup_root is not set");
    if (!directory || !directory[0] || strlen(directory) > BACKUP_DIRECTORY_MAX)
        return error_set(err, ERROR_BACKUP, "the instance has no directory of backups");
    if (!is_id(id))
        return error_set(err, ERROR_BACKUP, "not the name of a backup");
    int file = open_file(root, directory, id, err);
    if (file < 0)
        return -1;
    if (take(file, ret_backup, err) == 0)
        return 0;
    close(file);
    return error_prefix(err, "the backup: %s", id);
}

void backup_free(struct backup *backup)
{
    if (!backup)
        return;
    gzclose_r(backup->file);
    free(backup);
}

ssize_t backup_read(struct backup *backup, void *ret_bytes, size_t most, struct error *err)
{
    int number = Z_OK;
    int moved = gzread(backup->file, ret_bytes, most < BUFFER_SIZE ? (unsigned)most : BUFFER_SIZE);
    const char *reason = moved > 0 ? NULL : gzerror(backup->file, &number);
    if (moved > 0 || (moved == 0 && number == Z_OK))
        return moved;
    return error_set(err, ERROR_BACKUP, "the backup cannot be read: %s",
                     number == Z_ERRNO ? strerrordesc_np(errno) : reason);
}

int64_t backup_modified_s(const struct backup *backup)
{
    return backup->modified_s;
}
