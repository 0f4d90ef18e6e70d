/* Documents that are served as they are, to everybody: the published contract and its viewer.
 *
 * Loaded before the loops run, read-only after that. */
#ifndef SERVER_HTTP_DOCUMENT_H
#define SERVER_HTTP_DOCUMENT_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct document {
    const char *path; /* as a request's target has it */
    const char *type;
    char *bytes;
    size_t length;
};

/* Files that were made part of the program. */
struct embedded_document {
    const char *path;
    const char *bytes;
    size_t length;
};
extern const struct embedded_document embedded_documents[];
extern const size_t embedded_document_count;

struct document_set;

/* viewer_directory has the files of swagger-ui-dist, or is empty for no viewer; a file that is
 * missing is ERROR_CONFIG. */
int document_set_load(const char *viewer_directory, struct document_set **ret_set,
                      struct error *err);
void document_set_free(struct document_set *set);

/* Null where there is none of that path. */
const struct document *document_find(const struct document_set *set, struct text path);

#endif
