/* The files of the server's TLS while it runs: loaded again when they change.
 *
 * One thread. */
#ifndef SERVER_HTTP_TLS_FILES_H
#define SERVER_HTTP_TLS_FILES_H

#include "tls.h"

struct tls_files;

/* Loads them for the first time; the error is tls_context_new's. */
int tls_files_new(const struct config *config, struct tls_files **ret_files, struct error *err);
/* After every context's last use. */
void tls_files_free(struct tls_files *files);

/* The context to use; lives until the next tls_files_reload that was successful. */
SSL_CTX *tls_files_context(const struct tls_files *files);

/* To be called about once a second: whether the files became others (their inodes, sizes or times)
 * and have stayed as they are since the last call, so that they were probably written to their
 * ends, and not been tried yet. */
bool tls_files_changed(struct tls_files *files);

/* Loads them again.  Files that do not load, or do not belong together, leave everything as it is.
 * Logs either way. */
int tls_files_reload(struct tls_files *files);

#endif
