/* Files of certificates that a command line names. */
#ifndef CLI_PEM_FILE_H
#define CLI_PEM_FILE_H

#include "base/error.h"

/* The text of a file of PEM certificates of less than 64 KiB, which the caller frees; null where
 * the path is null.  Fails with ERROR_CONFIG. */
int pem_file_read(const char *path, char **ret_pem, struct error *err);

#endif
