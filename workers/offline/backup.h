/* A file of an instance's backups, plain or compressed by gzip.
 *
 * Nothing but a regular file below the root is ever opened, whatever the names are: each part of
 * the way is opened by itself, and no link is followed below the root.  One thread. */
#ifndef OFFLINE_BACKUP_H
#define OFFLINE_BACKUP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { BACKUP_ID_MAX = 128, BACKUP_DIRECTORY_MAX = 512 };

struct backup;

/* Fails with ERROR_BACKUP: what is wrong here is not so by itself tomorrow. */
int backup_open(const char *root, const char *directory, const char *id, struct backup **ret_backup,
                struct error *err);
void backup_free(struct backup *backup);

/* The next 1 to `most` bytes of what the file holds, or of what it holds compressed; 0: its end. */
ssize_t backup_read(struct backup *backup, void *ret_bytes, size_t most, struct error *err);

/* When it was written last, Unix time. */
int64_t backup_modified_s(const struct backup *backup);

#endif
