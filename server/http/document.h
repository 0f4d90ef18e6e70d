/* Documents that are served as they are, to everybody: the published contract, its viewer and the
 * console.
 *
 * Loaded before the loops run, read-only after that.  What is text is held compressed as well
 * (gzip, RFC 1952), so that serving it costs a copy. */
#ifndef SERVER_HTTP_DOCUMENT_H
#define SERVER_HTTP_DOCUMENT_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum { DOCUMENTS_MAX = 256, DOCUMENT_BYTES_MAX = 8 * 1024 * 1024, DOCUMENT_ETAG_LENGTH = 34 };

struct document {
    char *path; /* as a request's target has it */
    const char *type;
    const char *policy;  /* Content-Security-Policy */
    const char *caching; /* Cache-Control */
    char *bytes;
    size_t length;
    char *gzip; /* null: the same is not worth it */
    size_t gzip_length;
    char etag[DOCUMENT_ETAG_LENGTH + 1]; /* of the bytes, in its quotes */
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

struct document_set *document_set_new(void);
void document_set_free(struct document_set *set);

/* Takes over the bytes, which malloc gave.  Fails with ERROR_CONFIG where the set is full. */
int document_add(struct document_set *set, const char *path, const char *policy,
                 const char *caching, char *bytes, size_t length, struct error *err);

/* Orders the set for document_find; to be called after the last document was added. */
void document_set_order(struct document_set *set);

/* Null where there is none of that path. */
const struct document *document_find(const struct document_set *set, struct text path);

/* Whether an Accept-Encoding, of which null bytes are none, takes gzip (RFC 9110, 12.5.3). */
bool document_accepts_gzip(struct text accept_encoding);

/* Whether an If-None-Match names the tag or any (RFC 9110, 13.1.2). */
bool document_has_tag(const struct document *document, struct text if_none_match);

#endif
