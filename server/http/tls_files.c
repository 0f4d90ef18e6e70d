/* Followed by stat, through symbolic links: that is how Kubernetes swaps them. */
#include "tls_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/secret_file.h"
#include "server_metrics.h"

enum { FILES = 3 };

/* What changes when somebody writes a file or puts another one there. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct tls_files {
    const struct config *config;
    struct ticket_keys *keys;
    SSL_CTX *context;
    struct stamp tried[FILES], seen[FILES];
};

static void take_stamps(const struct config *config, struct stamp ret_stamps[FILES])
{
    const char *const paths[FILES] = {config->tls_certificate, config->tls_key,
                                      config->tls_client_ca};
    memset(ret_stamps, 0, sizeof(struct stamp) * FILES);
    for (int i = 0; i < FILES; i++) {
        struct stat found;
        if (!paths[i][0] || stat(paths[i], &found) < 0)
            continue;
        struct stamp *stamp = &ret_stamps[i];
        stamp->device = found.st_dev;
        stamp->inode = found.st_ino;
        stamp->size = found.st_size;
        stamp->modified = found.st_mtim;
        stamp->changed = found.st_ctim;
    }
}

static bool is_same(const struct stamp a[FILES], const struct stamp b[FILES])
{
    return memcmp(a, b, sizeof(struct stamp) * FILES) == 0;
}

static int load(struct tls_files *files, struct error *err)
{
    SSL_CTX *context;
    /* Before they are read: what is written meanwhile is another change. */
    take_stamps(files->config, files->tried);
    memcpy(files->seen, files->tried, sizeof(files->seen));
    if (tls_context_new(files->config, files->keys, &context, err) < 0)
        return -1;
    SSL_CTX_free(files->context);
    files->context = context;
    metric_set(&metric_certificate_not_after, 0, 0, tls_context_not_after(context));
    return 0;
}

int tls_files_new(const struct config *config, struct tls_files **ret_files, struct error *err)
{
    struct tls_files *files = calloc(1, sizeof(*files));
    if (!files)
        abort();
    files->config = config;
    files->keys = ticket_keys_new();
    if (load(files, err) < 0) {
        tls_files_free(files);
        return -1;
    }
    *ret_files = files;
    return 0;
}

void tls_files_free(struct tls_files *files)
{
    if (!files)
        return;
    SSL_CTX_free(files->context);
    ticket_keys_free(files->keys);
    free(files);
}

SSL_CTX *tls_files_context(const struct tls_files *files)
{
    return files->context;
}

bool tls_files_changed(struct tls_files *files)
{
    struct stamp now[FILES];
    take_stamps(files->config, now);
    bool rests = is_same(now, files->seen);
    memcpy(files->seen, now, sizeof(now));
    return rests && !is_same(now, files->tried);
}

int tls_files_reload(struct tls_files *files)
{
    struct error err = {0};
    if (load(files, &err) < 0) {
        secret_file_count(SECRET_FILE_TLS, SECRET_FILE_FAILED);
        secret_file_set_used(SECRET_FILE_TLS, false);
        LOG_ERROR("tls_not_reloaded", LOG_ERROR_FIELDS(&err));
        return -1;
    }
    secret_file_count(SECRET_FILE_TLS, SECRET_FILE_LOADED);
    secret_file_set_used(SECRET_FILE_TLS, true);
    LOG_INFO("tls_reloaded");
    return 0;
}
