/* Routing: templates and paths are walked side by side, segment by segment. */
#include "api/route.h"

#include <stdio.h>
#include <string.h>

/* Cuts the first segment off a path that begins with '/'. */
static struct text next_segment(struct text *path)
{
    struct text rest = {path->bytes + 1, path->length - 1};
    const char *end = rest.length ? memchr(rest.bytes, '/', rest.length) : NULL;
    struct text segment = {rest.bytes, end ? (size_t)(end - rest.bytes) : rest.length};
    *path = (struct text){segment.bytes + segment.length, rest.length - segment.length};
    return segment;
}

/* More than any path has. */
enum { SEGMENTS_MAX = 10 };

struct segments {
    int count;
    struct segment {
        size_t length;
        char text[ROUTE_SEGMENT_MAX + 1]; /* decoded */
    } list[SEGMENTS_MAX];
};

static bool decode(struct text segment, struct segment *ret_segment)
{
    char decoded[3 * ROUTE_SEGMENT_MAX];
    if (segment.length > sizeof(decoded))
        return false;
    ptrdiff_t length = text_percent_decode(segment, decoded);
    if (length < 0 || length > ROUTE_SEGMENT_MAX)
        return false;
    memcpy(ret_segment->text, decoded, (size_t)length);
    ret_segment->text[length] = '\0';
    ret_segment->length = (size_t)length;
    return true;
}

/* False where a segment is too long or badly encoded, or there are more than any path has. */
static bool decode_path(struct text path, struct segments *ret_segments)
{
    for (ret_segments->count = 0; path.length > 0; ret_segments->count++) {
        if (ret_segments->count == SEGMENTS_MAX ||
            !decode(next_segment(&path), &ret_segments->list[ret_segments->count]))
            return false;
    }
    return true;
}

static char *id_place(struct text name, struct route_match *match)
{
    if (text_equals(name, TEXT("{project_id}")))
        return match->project;
    if (text_equals(name, TEXT("{access_key_id}")))
        return match->access_key;
    if (text_equals(name, TEXT("{webhook_id}")))
        return match->webhook;
    return text_equals(name, TEXT("{instance_id}")) ? match->instance : match->task;
}

static bool match_segment(struct text expected, const struct segment *segment,
                          struct route_match *match)
{
    if (expected.length == 0 || expected.bytes[0] != '{')
        return text_equals(expected, (struct text){segment->text, segment->length});
    if (segment->length == 0)
        return false;
    char *place = id_place(expected, match);
    memcpy(place, segment->text, segment->length + 1);
    /* A NUL inside ends the text early: no id. */
    if (strlen(place) != segment->length)
        memcpy(place, "?", 2);
    return true;
}

static bool match_path(const char *template, const struct segments *segments,
                       struct route_match *match)
{
    struct text expected = text_of(template);
    int count = 0;
    match->project[0] = match->instance[0] = match->task[0] = match->webhook[0] = '\0';
    match->access_key[0] = '\0';
    for (; expected.length > 0 && count < segments->count; count++) {
        if (!match_segment(next_segment(&expected), &segments->list[count], match))
            return false;
    }
    return expected.length == 0 && count == segments->count;
}

static void add_allowed(char allow[ROUTE_ALLOW_MAX], enum http_method method)
{
    size_t length = strlen(allow);
    snprintf(allow + length, ROUTE_ALLOW_MAX - length, "%s%s", length ? ", " : "",
             method == HTTP_GET ? "GET, HEAD" : http_method_name(method));
}

int route_find(struct text method, struct text path, struct route_match *ret_match,
               struct error *err)
{
    enum http_method wanted = HTTP_METHOD_COUNT;
    struct segments segments;
    http_method_parse(method, &wanted);
    ret_match->allow[0] = '\0';
    if (path.length == 0 || path.bytes[0] != '/')
        return error_set(err, ERROR_UNKNOWN_PATH, "path does not begin with '/'");
    if (path.length > 1 && path.bytes[path.length - 1] == '/')
        path.length--;
    if (!decode_path(path, &segments))
        return error_set(err, ERROR_UNKNOWN_PATH, "no such path");
    for (size_t i = 0; i < operation_count; i++) {
        if (!match_path(operations[i].path, &segments, ret_match))
            continue;
        ret_match->operation = &operations[i];
        if (operations[i].method == wanted)
            return 0;
        add_allowed(ret_match->allow, operations[i].method);
    }
    if (ret_match->allow[0])
        return error_set(err, ERROR_METHOD_NOT_ALLOWED, "method not allowed");
    return error_set(err, ERROR_UNKNOWN_PATH, "no such path");
}

static bool begins_with(struct text path, struct text prefix)
{
    return path.length >= prefix.length && memcmp(path.bytes, prefix.bytes, prefix.length) == 0;
}

bool route_has_problems(struct text path)
{
    return begins_with(path, TEXT("/admin/")) || begins_with(path, TEXT("/ext/"));
}

int route_read_project(const struct route_match *match, struct uuid *ret_project, struct error *err)
{
    if (uuid_parse_any(text_of(match->project), ret_project) < 0)
        return error_set(err, ERROR_INVALID_PROJECT_ID, "malformed project id");
    return 0;
}

int route_read_ids(const struct route_match *match, struct api_request *request, struct error *err)
{
    request->operation = match->operation;
    request->access_key_id = text_of(match->access_key);
    if (match->project[0] && route_read_project(match, &request->project, err) < 0)
        return -1;
    if (match->instance[0] && uuid_parse(text_of(match->instance), &request->instance) < 0)
        return error_set(err, ERROR_INVALID_INSTANCE_ID, "malformed instance id");
    if (match->task[0] && uuid_parse(text_of(match->task), &request->task) < 0)
        return error_set(err, ERROR_INVALID_TASK_ID, "malformed task id");
    if (match->webhook[0] && uuid_parse(text_of(match->webhook), &request->webhook) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "webhook_id");
    return 0;
}
