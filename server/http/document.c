/* The contracts, embedded, and the viewer's few files, read once. */
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"

enum { DOCUMENTS_MAX = 16, FILE_MAX_BYTES = 8 * 1024 * 1024, PATH_LENGTH_MAX = 4096 };

struct document_set {
    size_t count;
    struct document documents[DOCUMENTS_MAX];
};

/* A page of the viewer, and what starts it: of the DCS v2 API, and of the extended one. */
#define PAGE(script)                                                                               \
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"                      \
    "<title>Cache analysis API</title>\n"                                                          \
    "<link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\">\n</head>\n<body>\n"                   \
    "<main id=\"viewer\"></main>\n<script src=\"/docs/swagger-ui-bundle.js\"></script>\n"          \
    "<script src=\"" script "\"></script>\n</body>\n</html>\n"
#define START(document)                                                                            \
    "SwaggerUIBundle({url: '" document "', dom_id: '#viewer', validatorUrl: null, "                \
    "supportedSubmitMethods: []});\n"

static const struct {
    const char *path, *text;
} viewer_texts[] = {
    {"/docs", PAGE("/docs/start.js")},
    {"/docs/", PAGE("/docs/start.js")},
    {"/docs/start.js", START("/openapi.json")},
    {"/docs/ext", PAGE("/docs/start-ext.js")},
    {"/docs/start-ext.js", START("/ext-v1.json")},
};

static void add(struct document_set *set, const char *path, const char *type, char *bytes,
                size_t length)
{
    if (set->count == DOCUMENTS_MAX)
        abort();
    set->documents[set->count++] = (struct document){path, type, bytes, length};
}

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".yaml", "application/yaml"},
        {".json", "application/json"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".png", "image/png"},
    };
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].ending, dot) == 0)
            return types[i].type;
    }
    return "text/html; charset=utf-8";
}

static int load_file(struct document_set *set, const char *directory, const char *path,
                     struct error *err)
{
    char name[PATH_LENGTH_MAX];
    struct stat status;
    snprintf(name, sizeof(name), "%s/%s", directory, strrchr(path, '/') + 1);
    SCOPED(scope_close) int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) < 0)
        return error_set(err, ERROR_CONFIG, "docs_directory: %s: %s", name, strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX_BYTES)
        return error_set(err, ERROR_CONFIG, "docs_directory: %s: no file of at most %d bytes", name,
                         FILE_MAX_BYTES);
    char *bytes = malloc((size_t)status.st_size + 1);
    if (!bytes)
        abort();
    size_t length = 0;
    ssize_t part = 0;
    while (length < (size_t)status.st_size &&
           (part = read(file, bytes + length, (size_t)status.st_size - length)) > 0)
        length += (size_t)part;
    if (part < 0) {
        free(bytes);
        return error_set(err, ERROR_CONFIG, "docs_directory: %s: %s", name, strerror(errno));
    }
    add(set, path, type_of(path), bytes, length);
    return 0;
}

static int load_viewer(struct document_set *set, const char *directory, struct error *err)
{
    static const char *const paths[] = {"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js",
                                        "/docs/favicon-32x32.png"};
    for (size_t i = 0; i < sizeof(viewer_texts) / sizeof(viewer_texts[0]); i++) {
        size_t length = strlen(viewer_texts[i].text);
        add(set, viewer_texts[i].path, type_of(viewer_texts[i].path),
            text_copy(viewer_texts[i].text, length), length);
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (load_file(set, directory, paths[i], err) < 0)
            return -1;
    }
    return 0;
}

int document_set_load(const char *viewer_directory, struct document_set **ret_set,
                      struct error *err)
{
    struct document_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    for (size_t i = 0; i < embedded_document_count; i++) {
        const struct embedded_document *embedded = &embedded_documents[i];
        add(set, embedded->path, type_of(embedded->path),
            text_copy(embedded->bytes, embedded->length), embedded->length);
    }
    if (viewer_directory[0] && load_viewer(set, viewer_directory, err) < 0) {
        document_set_free(set);
        return -1;
    }
    *ret_set = set;
    return 0;
}

void document_set_free(struct document_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        free(set->documents[i].bytes);
    free(set);
}

const struct document *document_find(const struct document_set *set, struct text path)
{
    for (size_t i = 0; i < set->count; i++) {
        if (text_equals(text_of(set->documents[i].path), path))
            return &set->documents[i];
    }
    return NULL;
}
