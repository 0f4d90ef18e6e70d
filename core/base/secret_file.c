/* Reading, keeping and counting secrets that lie in files. */
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/secret.h"

static const char *const names[SECRET_FILE_COUNT] = {
    [SECRET_FILE_KEYS] = "key_file",
    [SECRET_FILE_TLS] = "tls",
    [SECRET_FILE_DATABASE_PASSWORD] = "database_password_file",
    [SECRET_FILE_AUDIT_DATABASE_PASSWORD] = "audit_database_password_file",
    [SECRET_FILE_IDENTITY_PASSWORD] = "identity_password_file",
};
static const char *const results[] = {"loaded", "failed", "refused"};

static struct metric loads = {
    .name = "dcs_secret_file_loads_total",
    .help = "Files of secrets read again, by what came of it.",
    .labels = {{"file", names, SECRET_FILE_COUNT}, {"result", results, 3}}};
static struct metric unused = {
    .name = "dcs_secret_file_unused",
    .help = "Whether a file of secrets holds something else than is in use: 1.",
    .type = METRIC_GAUGE,
    .labels = {{"file", names, SECRET_FILE_COUNT}}};
struct metric *const secret_file_metrics[SECRET_FILE_METRICS] = {&loads, &unused};

const char *secret_file_name(enum secret_file file)
{
    return names[file];
}

void secret_file_count(enum secret_file file, enum secret_file_result result)
{
    metric_count(&loads, (int)file, (int)result);
}

void secret_file_set_used(enum secret_file file, bool is_used)
{
    metric_set(&unused, (int)file, 0, !is_used);
}

ssize_t secret_file_read(const char *path, char *ret_content, size_t length_max, struct error *err)
{
    SCOPED(scope_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    ret_content[0] = '\0';
    if (file < 0 || fstat(file, &status) < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || (status.st_mode & S_IRWXO))
        return error_set(err, ERROR_SECRET, "%s: must be a regular file that others cannot read",
                         path);
    if ((size_t)status.st_size > length_max)
        return error_set(err, ERROR_SECRET, "%s: larger than %zu bytes", path, length_max);
    ssize_t length = read(file, ret_content, length_max);
    if (length < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    ret_content[length] = '\0';
    return length;
}

void *secret_pages_new(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        abort();
    /* The limit on locked memory may be 0; then a page may be swapped out. */
    mlock(pages, size);
    madvise(pages, size, MADV_DONTDUMP);
    return pages;
}

void secret_pages_free(void *pages, size_t size)
{
    secret_cleanse(pages, size);
    munmap(pages, size);
}
