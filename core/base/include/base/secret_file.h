/* Files that hold a secret and may change while the program runs: how they are read, where what
 * they held is kept, and what is counted of it.
 *
 * A file that cannot be used changes nothing: what was read before stays in use, and the log and
 * two metrics say so.  Any thread, but where it says otherwise. */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/metrics.h"

/* Reads a regular file of at most length_max bytes that others cannot read.  ret_content has room
 * for one byte more, and is terminated; it is the caller's to cleanse, also after a failure.
 * Returns the length, or -1 with ERROR_SECRET, whose text begins with the path and has nothing of
 * what the file holds. */
ssize_t secret_file_read(const char *path, char *ret_content, size_t length_max, struct error *err);

/* Memory in pages of its own, zeroed, that is neither swapped out, as far as the limit on locked
 * memory allows, nor written to core files.  Never null; freed, cleansed, by secret_pages_free with
 * the same size. */
void *secret_pages_new(size_t size);
void secret_pages_free(void *pages, size_t size);

/* What is read again; the values of a label. */
enum secret_file {
    SECRET_FILE_KEYS,
    SECRET_FILE_TLS,
    SECRET_FILE_DATABASE_PASSWORD,
    SECRET_FILE_AUDIT_DATABASE_PASSWORD,
    SECRET_FILE_IDENTITY_PASSWORD,
    SECRET_FILE_COUNT
};

/* Its setting's name; of TLS, whose files count together, `tls`. */
const char *secret_file_name(enum secret_file file);

/* loaded: taken over.  failed: it cannot be used.  refused: the other side does not take it. */
enum secret_file_result { SECRET_FILE_LOADED, SECRET_FILE_FAILED, SECRET_FILE_REFUSED };

void secret_file_count(enum secret_file file, enum secret_file_result result);
/* Whether what the file holds is used; of the thread that looks at the file. */
void secret_file_set_used(enum secret_file file, bool is_used);

enum { SECRET_FILE_METRICS = 2 };
extern struct metric *const secret_file_metrics[SECRET_FILE_METRICS];

#endif
