/* From the operator's root to a file below it, part by part. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"

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
static int take(int opened, struct rdb_file **ret_file, struct error *err)
{
    struct stat status;
    if (fstat(opened, &status) == 0 && !S_ISREG(status.st_mode))
        return error_set(err, ERROR_BACKUP, "not a regular file");
    return rdb_file_new(opened, ret_file) == 0 ? 0 : fail_with_errno(errno, "the file", err);
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

int backup_open(const char *root, const char *directory, const char *id, struct rdb_file **ret_file,
                struct error *err)
{
    if (!root || !root[0])
        return error_set(err, ERROR_BACKUP, "no backups are read here: backup_root is not set");
    if (!directory || !directory[0] || strlen(directory) > BACKUP_DIRECTORY_MAX)
        return error_set(err, ERROR_BACKUP, "the instance has no directory of backups");
    if (!is_id(id))
        return error_set(err, ERROR_BACKUP, "not the name of a backup");
    int opened = open_file(root, directory, id, err);
    if (opened < 0)
        return -1;
    if (take(opened, ret_file, err) == 0)
        return 0;
    close(opened);
    return error_prefix(err, "the backup: %s", id);
}
