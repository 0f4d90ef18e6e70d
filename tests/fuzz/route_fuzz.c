/* Paths and queries out of any bytes: how a path is encoded is no matter, and what was understood
 * leads to the same when it is written again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/route.h"
#include "fuzz_request.h"

struct found {
    int status;
    enum error_code code;
    struct route_match match;
};

static struct found find(struct text method, struct text path)
{
    struct found found = {0};
    struct error err = {0};
    found.status = route_find(method, path, &found.match, &err);
    found.code = err.code;
    return found;
}

static bool is_same(const struct found *a, const struct found *b)
{
    if (a->status != b->status || a->code != b->code)
        return false;
    if (a->status < 0)
        return strcmp(a->match.allow, b->match.allow) == 0;
    return a->match.operation == b->match.operation &&
           strcmp(a->match.project, b->match.project) == 0 &&
           strcmp(a->match.instance, b->match.instance) == 0 &&
           strcmp(a->match.task, b->match.task) == 0 &&
           strcmp(a->match.access_key, b->match.access_key) == 0;
}

/* Every byte of every segment as %HH; false where a segment cannot be one of a path. */
static bool encode(struct text path, char *ret_encoded, size_t *ret_length)
{
    char *end = ret_encoded;
    bool first = true;
    while (first || path.bytes) {
        const char *slash = path.length > 0 ? memchr(path.bytes, '/', path.length) : NULL;
        struct text segment = {path.bytes, slash ? (size_t)(slash - path.bytes) : path.length};
        char decoded[3 * ROUTE_SEGMENT_MAX];
        ptrdiff_t length =
            segment.length > sizeof(decoded) ? -1 : text_percent_decode(segment, decoded);
        if (length < 0 || length > ROUTE_SEGMENT_MAX)
            return false;
        if (!first)
            *end++ = '/';
        end += fuzz_percent_encode((struct text){decoded, (size_t)length}, true, end);
        first = false;
        path =
            slash ? (struct text){slash + 1, path.length - segment.length - 1} : (struct text){0};
    }
    *ret_length = (size_t)(end - ret_encoded);
    return true;
}

static void check_encoded(struct text method, struct text path, const struct found *found)
{
    size_t length;
    char *encoded = malloc(3 * path.length + 2);
    if (!encoded)
        abort();
    if (encode(path, encoded, &length)) {
        struct found again = find(method, (struct text){encoded, length});
        assert(is_same(&again, found));
        bool ends = length > 0 && encoded[length - 1] == '/';
        if (!ends && length > 1) {
            encoded[length] = '/';
            again = find(method, (struct text){encoded, length + 1});
            assert(is_same(&again, found));
        }
    }
    free(encoded);
}

static void check_uuid(const struct uuid *uuid)
{
    struct uuid again;
    if (!uuid->text[0])
        return;
    assert(uuid_parse(text_of(uuid->text), &again) == 0);
    assert(strcmp(again.text, uuid->text) == 0);
}

static void check_match(const struct route_match *match, struct text method)
{
    struct api_request request = {0};
    struct error err = {0};
    enum http_method wanted;
    assert(http_method_parse(method, &wanted) == 0 && match->operation->method == wanted);
    const char *template = match->operation->path;
    assert((strstr(template, "{project_id}") != NULL) == (match->project[0] != '\0'));
    assert((strstr(template, "{instance_id}") != NULL) == (match->instance[0] != '\0'));
    assert((strstr(template, "{access_key_id}") != NULL) == (match->access_key[0] != '\0'));
    if (route_read_ids(match, &request, &err) < 0) {
        assert(error_describe(err.code)->http_status == 400);
        return;
    }
    check_uuid(&request.project);
    check_uuid(&request.instance);
    check_uuid(&request.task);
    assert(!match->project[0] == !request.project.text[0]);
}

/* Writes the parameters again, encoded; returns the length. */
static size_t write_query(const struct api_query *query, char *ret_text)
{
    char *end = ret_text;
    for (int i = 0; i < query->count; i++) {
        if (i > 0)
            *end++ = '&';
        end += fuzz_percent_encode(query->parameters[i].name, false, end);
        *end++ = '=';
        end += fuzz_percent_encode(query->parameters[i].value, false, end);
    }
    return (size_t)(end - ret_text);
}

static void check_parameter(const struct api_query *query, int place)
{
    enum { LEAST = -5, MOST = 1000, FALLBACK = 7 };
    struct text name = query->parameters[place].name, value = query->parameters[place].value;
    struct error err = {0};
    int64_t number, parsed;
    assert(text_is_utf8(name.bytes, name.length) && strlen(name.bytes) == name.length);
    assert(text_is_utf8(value.bytes, value.length) && strlen(value.bytes) == value.length);
    assert(api_query_find(query, name.bytes).bytes == value.bytes);
    if (api_query_integer(query, name.bytes, LEAST, MOST, FALLBACK, &number, &err) == 0) {
        assert(number >= LEAST && number <= MOST);
        assert(text_parse_integer(value, &parsed) == 0 && parsed == number);
    } else {
        assert(err.code == ERROR_INVALID_PARAMETER);
    }
}

static void check_query(struct text text)
{
    static char written[3 * API_QUERY_STORAGE + 2 * API_QUERY_MAX];
    static struct api_query query, again;
    struct error err = {0};
    if (api_query_parse(text, &query, &err) < 0) {
        assert(err.code == ERROR_INVALID_PARAMETER && err.public_argument[0]);
        return;
    }
    assert(query.count >= 0 && query.count <= API_QUERY_MAX);
    for (int i = 0; i < query.count; i++)
        check_parameter(&query, i);
    size_t length = write_query(&query, written);
    if (length + 2 * API_QUERY_MAX >= API_QUERY_STORAGE)
        return;
    /* An empty name with an empty value is written as `=`, which is one again. */
    assert(api_query_parse((struct text){written, length}, &again, &err) == 0);
    assert(again.count == query.count);
    for (int i = 0; i < query.count; i++) {
        assert(text_equals(again.parameters[i].name, query.parameters[i].name));
        assert(text_equals(again.parameters[i].value, query.parameters[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct fuzz_request request;
    fuzz_request_init(&request, (struct text){(const char *)bytes, length});
    struct text method = request.auth.method, path = fuzz_request_path(&request);
    struct found found = find(method, path);
    if (found.status == 0)
        check_match(&found.match, method);
    else
        assert((found.code == ERROR_METHOD_NOT_ALLOWED) == (found.match.allow[0] != '\0'));
    if (path.length > 0 && path.bytes[0] == '/')
        check_encoded(method, path, &found);
    check_query(fuzz_request_query(&request));
    fuzz_request_release(&request);
    return 0;
}
