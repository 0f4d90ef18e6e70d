/* The files behind the documents: the embedded ones, the viewer's and the console's. */
#ifndef SERVER_HTTP_DOCUMENT_FILES_H
#define SERVER_HTTP_DOCUMENT_FILES_H

#include "base/config.h"
#include "document.h"

/* Reads what docs_directory (swagger-ui-dist) and console_directory (what `vite build` wrote) name,
 * where they are set.  Fails with ERROR_CONFIG, which names the setting and the file. */
int document_files_load(const struct config *config, struct document_set **ret_set,
                        struct error *err);

#endif
