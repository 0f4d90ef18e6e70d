/* Files of certificates and keys that a command line names: PEM text as it is. */
#ifndef CLI_PEM_FILE_H
#define CLI_PEM_FILE_H

#include <stddef.h>

#include "base/error.h"

/* The certificates of a file of less than 64 KiB, which the caller frees; null where the path is
 * null.  Whether they can be used is found out when they are.  Fails with ERROR_CONFIG. */
int pem_file_read(const char *path, char **ret_pem, struct error *err);

/* A certificate, which its chain may follow, and its private key: what one of the two options
 * names belongs to what the other names.  The certificate is freed by the caller; ret_key has room
 * for SECRET_MAX + 1 bytes and is cleansed by the caller, after a failure as well.  Fails with
 * ERROR_INVALID_PARAMETER where a path is null or empty, else with ERROR_CONFIG. */
int pem_file_read_pair(const char *certificate_path, const char *key_path, char **ret_certificate,
                       char *ret_key, struct error *err);

#endif
