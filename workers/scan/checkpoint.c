/* A text of another version or another scan is none.  Nor is one of other endpoints: the addresses
 * in it are dialled. */
#include "checkpoint.h"

#include <string.h>

#include "base/json_writer.h"

enum { VERSION = 1, ALL_DATABASES = -1 };

static int database_of(const struct scan_request *request)
{
    return request->database ? *request->database : ALL_DATABASES;
}

static void write_endpoints(struct json_writer *json, const struct scan_request *request)
{
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(&request->target.endpoint, endpoint);
    json_writer_member_text(json, "endpoints", request->endpoints ? request->endpoints : endpoint);
    json_writer_member_text(json, "addresses", request->address_map ? request->address_map : "");
}

static bool is_text(const json_t *saved, const char *name, const char *text)
{
    const json_t *member = json_object_get(saved, name);
    return json_is_string(member) && strcmp(json_string_value(member), text) == 0;
}

static bool has_endpoints(const json_t *saved, const struct scan_request *request)
{
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(&request->target.endpoint, endpoint);
    return is_text(saved, "endpoints", request->endpoints ? request->endpoints : endpoint) &&
           is_text(saved, "addresses", request->address_map ? request->address_map : "");
}

void scan_checkpoint_give(const struct scan_request *request, const char *part, const char *text,
                          size_t length)
{
    struct json_writer json;
    json_writer_init(&json);
    json.most = SCAN_CHECKPOINT_MAX;
    json_writer_begin_object(&json);
    json_writer_member_number(&json, "version", VERSION);
    json_writer_member_text(&json, "kind", request->kind->name);
    json_writer_member_boolean(&json, "bytes", request->with_bytes);
    json_writer_member_number(&json, "database", database_of(request));
    write_endpoints(&json, request);
    json_writer_name(&json, part);
    if (text)
        json_writer_value(&json, text, length);
    json_writer_end_object(&json);
    request->checkpoint(request->checkpoint_argument, text && !json.is_overlong ? json.text : NULL,
                        json.length);
    json_writer_release(&json);
}

static bool is_of(const struct scan_request *request, const json_t *saved)
{
    const json_t *bytes = json_object_get(saved, "bytes");
    const json_t *database = json_object_get(saved, "database");
    return json_integer_value(json_object_get(saved, "version")) == VERSION &&
           is_text(saved, "kind", request->kind->name) && has_endpoints(saved, request) &&
           json_is_boolean(bytes) && json_is_true(bytes) == request->with_bytes &&
           json_is_integer(database) && json_integer_value(database) == database_of(request);
}

json_t *scan_checkpoint_take(const struct scan_request *request, const char *part)
{
    if (!request->resume || request->resume_length > SCAN_CHECKPOINT_MAX)
        return NULL;
    json_t *saved =
        json_loadb(request->resume, request->resume_length, JSON_REJECT_DUPLICATES, NULL);
    json_t *value = saved && is_of(request, saved) ? json_object_get(saved, part) : NULL;
    json_incref(value);
    json_decref(saved);
    return value;
}
