/* The files of an instance's backups.
 *
 * Nothing but a regular file below the root is ever opened, whatever the names are: each part of
 * the way is opened by itself, and no link is followed below the root.  One thread. */
#ifndef OFFLINE_BACKUP_H
#define OFFLINE_BACKUP_H

#include "rdb/file.h"

enum { BACKUP_ID_MAX = 128, BACKUP_DIRECTORY_MAX = 512 };

/* Fails with ERROR_BACKUP: what is wrong here is not so by itself tomorrow.  The result is freed by
 * rdb_file_free. */
int backup_open(const char *root, const char *directory, const char *id, struct rdb_file **ret_file,
                struct error *err);

#endif
