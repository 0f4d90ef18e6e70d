/* Everything is read once, at the start: a file that changes later, or is not one, changes nothing.
 *
 * The console's pages may load nothing from elsewhere and run nothing that is not a file of theirs;
 * names of its assets carry a hash of what is in them, so that they are kept for good. */
#include "document_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_writer.h"
#include "base/scope.h"

#define CONSOLE "/console/"

static const char viewer_policy[] =
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'";
static const char console_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static const char ask_again[] = "no-cache";
static const char for_good[] = "public, max-age=31536000, immutable";

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

static int add_text(struct document_set *set, const char *path, struct text text, struct error *err)
{
    return document_add(set, path, viewer_policy, ask_again, text_copy(text.bytes, text.length),
                        text.length, err);
}

static int read_all(int file, size_t length, char **ret_bytes, struct error *err)
{
    size_t done = 0;
    ssize_t part = 0;
    char *bytes = malloc(length + 1);
    if (!bytes)
        abort();
    while (done < length && (part = read(file, bytes + done, length - done)) > 0)
        done += (size_t)part;
    *ret_bytes = bytes;
    if (done == length)
        return 0;
    free(bytes);
    return error_set(err, ERROR_CONFIG, "%s", part < 0 ? strerror(errno) : "it became shorter");
}

static int read_file(const char *name, char **ret_bytes, size_t *ret_length, struct error *err)
{
    struct stat status;
    SCOPED(scope_close) int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) < 0)
        return error_set(err, ERROR_CONFIG, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_size > DOCUMENT_BYTES_MAX)
        return error_set(err, ERROR_CONFIG, "no file of at most %d bytes", DOCUMENT_BYTES_MAX);
    *ret_length = (size_t)status.st_size;
    return read_all(file, *ret_length, ret_bytes, err);
}

static int add_file(struct document_set *set, const char *name, const char *path,
                    const char *policy, const char *caching, struct error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    if (read_file(name, &bytes, &length, err) < 0)
        return error_prefix(err, "%s", name);
    return document_add(set, path, policy, caching, bytes, length, err);
}

static int load_viewer(struct document_set *set, const char *directory, struct error *err)
{
    static const char *const files[] = {"swagger-ui.css", "swagger-ui-bundle.js",
                                        "favicon-32x32.png"};
    for (size_t i = 0; i < sizeof(viewer_texts) / sizeof(viewer_texts[0]); i++) {
        if (add_text(set, viewer_texts[i].path, text_of(viewer_texts[i].text), err) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char name[PATH_MAX], path[sizeof("/docs/") + NAME_MAX];
        snprintf(name, sizeof(name), "%s/%s", directory, files[i]);
        snprintf(path, sizeof(path), "/docs/%s", files[i]);
        if (add_file(set, name, path, viewer_policy, ask_again, err) < 0)
            return -1;
    }
    return 0;
}

/* Hidden files and directories are left out. */
static int load_console_file(struct document_set *set, const char *directory, const char *under,
                             const char *file, struct error *err)
{
    struct stat status;
    char name[PATH_MAX], path[sizeof(CONSOLE) + 2 * NAME_MAX];
    if (file[0] == '.')
        return 0;
    snprintf(name, sizeof(name), "%s/%s%s", directory, under, file);
    snprintf(path, sizeof(path), CONSOLE "%s%s", under, file);
    if (stat(name, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    if (strcmp(path, CONSOLE "index.html") == 0) {
        if (add_file(set, name, "/console", console_policy, ask_again, err) < 0)
            return -1;
        path[sizeof(CONSOLE) - 1] = '\0';
    }
    return add_file(set, name, path, console_policy, under[0] ? for_good : ask_again, err);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static int load_console_files(struct document_set *set, const char *directory, const char *under,
                              struct error *err)
{
    char name[PATH_MAX];
    snprintf(name, sizeof(name), "%s/%s", directory, under);
    SCOPED(close_directory) DIR *open_directory = opendir(name);
    if (!open_directory)
        return error_set(err, ERROR_CONFIG, "%s: %s", name, strerror(errno));
    const struct dirent *entry;
    while ((entry = readdir(open_directory))) {
        if (load_console_file(set, directory, under, entry->d_name, err) < 0)
            return -1;
    }
    return 0;
}

/* What the page must know before anybody has signed in. */
static int add_console_settings(struct document_set *set, const struct config *config,
                                struct error *err)
{
    SCOPED(json_writer_release) struct json_writer json;
    size_t length;
    json_writer_init(&json);
    json_writer_begin_object(&json);
    json_writer_member_text(&json, "version", DCS_VERSION);
    json_writer_member_boolean(&json, "identity", config->identity_url[0] != '\0');
    if (config->docs_directory[0])
        json_writer_member_text(&json, "documentation", "/docs/");
    json_writer_end_object(&json);
    char *bytes = json_writer_take(&json, &length);
    return document_add(set, CONSOLE "config.json", console_policy, ask_again, bytes, length, err);
}

static int load_console(struct document_set *set, const struct config *config, struct error *err)
{
    const char *directory = config->console_directory;
    if (load_console_files(set, directory, "", err) < 0 ||
        load_console_files(set, directory, "assets/", err) < 0 ||
        add_console_settings(set, config, err) < 0)
        return -1;
    document_set_order(set);
    if (!document_find(set, TEXT(CONSOLE)))
        return error_set(err, ERROR_CONFIG, "%s/index.html: there is none", directory);
    return 0;
}

static int load(struct document_set *set, const struct config *config, struct error *err)
{
    for (size_t i = 0; i < embedded_document_count; i++) {
        const struct embedded_document *embedded = &embedded_documents[i];
        if (add_text(set, embedded->path, (struct text){embedded->bytes, embedded->length}, err) <
            0)
            return -1;
    }
    if (config->docs_directory[0] && load_viewer(set, config->docs_directory, err) < 0)
        return error_prefix(err, "docs_directory");
    if (config->console_directory[0] && load_console(set, config, err) < 0)
        return error_prefix(err, "console_directory");
    return 0;
}

int document_files_load(const struct config *config, struct document_set **ret_set,
                        struct error *err)
{
    struct document_set *set = document_set_new();
    if (load(set, config, err) < 0) {
        document_set_free(set);
        return -1;
    }
    document_set_order(set);
    *ret_set = set;
    return 0;
}
