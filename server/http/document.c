/* The set of documents, by path, each with what a browser is told of it. */
#include "document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "base/digest.h"

/* Below this a packet is saved at most; and what is saved is to be a twentieth at least. */
enum { WORTH_COMPRESSING = 1024, GZIP_WINDOW_BITS = 15 + 16, GZIP_MEMORY_LEVEL = 9 };

struct document_set {
    size_t count;
    struct document documents[DOCUMENTS_MAX];
};

static const struct {
    const char *ending, *type;
    bool is_text;
} types[] = {
    {".yaml", "application/yaml", true},
    {".json", "application/json", true},
    {".css", "text/css; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".svg", "image/svg+xml", true},
    {".png", "image/png", false},
    {".txt", "text/plain; charset=utf-8", true},
    {".woff2", "font/woff2", false},
    {"", "text/html; charset=utf-8", true},
};

/* Of a path without an ending the last row. */
static size_t type_of(const char *path)
{
    size_t row = 0;
    const char *dot = strrchr(path, '.');
    while (types[row].ending[0] && !(dot && strcmp(types[row].ending, dot) == 0))
        row++;
    return row;
}

static void compress_document(struct document *document)
{
    z_stream stream = {0};
    if (document->length < WORTH_COMPRESSING ||
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
                     GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    size_t room = document->length - document->length / 20;
    char *gzip = malloc(room);
    if (!gzip)
        abort();
    stream.next_in = (unsigned char *)document->bytes;
    stream.avail_in = (unsigned)document->length;
    stream.next_out = (unsigned char *)gzip;
    stream.avail_out = (unsigned)room;
    if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
        document->gzip = gzip;
        document->gzip_length = stream.total_out;
    } else {
        free(gzip);
    }
    deflateEnd(&stream);
}

static void tag(struct document *document)
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of((struct text){document->bytes, document->length}, digest);
    char *next = document->etag;
    *next++ = '"';
    for (int i = 0; i < (DOCUMENT_ETAG_LENGTH - 2) / 2; i++, next += 2)
        snprintf(next, 3, "%02x", digest[i]);
    snprintf(next, 2, "\"");
}

struct document_set *document_set_new(void)
{
    struct document_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    return set;
}

void document_set_free(struct document_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->documents[i].path);
        free(set->documents[i].bytes);
        free(set->documents[i].gzip);
    }
    free(set);
}

int document_add(struct document_set *set, const char *path, const char *policy,
                 const char *caching, char *bytes, size_t length, struct error *err)
{
    if (set->count == DOCUMENTS_MAX) {
        free(bytes);
        return error_set(err, ERROR_CONFIG, "%s: more than %d documents", path, DOCUMENTS_MAX);
    }
    size_t row = type_of(path);
    struct document *document = &set->documents[set->count++];
    *document = (struct document){.path = text_copy(path, strlen(path)),
                                  .type = types[row].type,
                                  .policy = policy,
                                  .caching = caching,
                                  .bytes = bytes,
                                  .length = length};
    tag(document);
    if (types[row].is_text)
        compress_document(document);
    return 0;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(((const struct document *)left)->path, ((const struct document *)right)->path);
}

void document_set_order(struct document_set *set)
{
    qsort(set->documents, set->count, sizeof(set->documents[0]), compare_paths);
}

static int compare_to_path(const void *path, const void *document)
{
    const struct text *wanted = path;
    const char *other = ((const struct document *)document)->path;
    int order = strncmp(wanted->bytes, other, wanted->length);
    return order ? order : -(int)(other[wanted->length] != '\0');
}

const struct document *document_find(const struct document_set *set, struct text path)
{
    return bsearch(&path, set->documents, set->count, sizeof(set->documents[0]), compare_to_path);
}

/* The next element of a list separated by commas, without blanks around it; false at its end. */
static bool next_element(struct text *rest, struct text *ret_element)
{
    if (!rest->bytes || rest->length == 0)
        return false;
    const char *comma = memchr(rest->bytes, ',', rest->length);
    size_t length = comma ? (size_t)(comma - rest->bytes) : rest->length;
    struct text element = {rest->bytes, length};
    rest->bytes += length + (comma != NULL);
    rest->length -= length + (comma != NULL);
    while (element.length > 0 && strchr(" \t", element.bytes[0])) {
        element.bytes++;
        element.length--;
    }
    while (element.length > 0 && strchr(" \t", element.bytes[element.length - 1]))
        element.length--;
    *ret_element = element;
    return true;
}

/* Of `gzip;q=0.5` whether the name is that, and the weight not zero. */
static bool is_coding(struct text element, const char *name, bool *ret_refused)
{
    const char *mark = memchr(element.bytes, ';', element.length);
    size_t length = mark ? (size_t)(mark - element.bytes) : element.length;
    while (length > 0 && strchr(" \t", element.bytes[length - 1]))
        length--;
    if (length != strlen(name) || strncasecmp(element.bytes, name, length) != 0)
        return false;
    size_t rest = element.length - length;
    const char *weight = mark ? memchr(element.bytes + length, '=', rest) : NULL;
    *ret_refused = false;
    if (weight) {
        *ret_refused = true;
        for (const char *digit = weight + 1; digit < element.bytes + element.length; digit++)
            *ret_refused = *ret_refused && strchr("0. \t", *digit);
    }
    return true;
}

bool document_accepts_gzip(struct text accept_encoding)
{
    struct text rest = accept_encoding, element;
    bool any = false, refused;
    while (next_element(&rest, &element)) {
        if (is_coding(element, "gzip", &refused))
            return !refused;
        if (is_coding(element, "*", &refused))
            any = !refused;
    }
    return any;
}

bool document_has_tag(const struct document *document, struct text if_none_match)
{
    struct text rest = if_none_match, element;
    while (next_element(&rest, &element)) {
        if (element.length > 2 && memcmp(element.bytes, "W/", 2) == 0)
            element = (struct text){element.bytes + 2, element.length - 2};
        if (text_equals(element, TEXT("*")) || text_equals(element, text_of(document->etag)))
            return true;
    }
    return false;
}
