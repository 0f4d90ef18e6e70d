/* A file that holds a secret. */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include <stddef.h>

#include "base/error.h"

/* Reads it whole; size is that of the buffer, which is ended by a NUL.  It must be a regular file
 * that others cannot read, and fit.  Fails with ERROR_SECRET, whose text names the path.  The
 * buffer is the caller's to cleanse, also after a failure. */
int secret_file_read(const char *path, char *ret_content, size_t size, struct error *err);

#endif
