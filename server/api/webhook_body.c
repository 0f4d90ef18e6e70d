/* Lists become what the statements take: text with commas, and limits in one way of writing each,
 * so that a limit that is written again is the same one. */
#include "webhook_body.h"

#include <string.h>

#include "base/json.h"
#include "base/scope.h"
#include "operations.h"
#include "webhook_url.h"

enum { ENTRY_MAX = 64 };

static int invalid(const char *name, struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
}

/* Whether an entry is one, and how it is kept; room outlives the call. */
typedef bool read_entry_fn(struct text entry, struct uuid *room, struct text *ret_text);

static bool read_event(struct text entry, struct uuid *room, struct text *ret_text)
{
    (void)room;
    *ret_text = entry;
    return webhook_event_is_known(entry);
}

static bool read_kind(struct text entry, struct uuid *room, struct text *ret_text)
{
    (void)room;
    *ret_text = entry;
    return strlen(entry.bytes) == entry.length && scan_kind_find(entry.bytes) != NULL;
}

static bool read_instance(struct text entry, struct uuid *room, struct text *ret_text)
{
    bool is_id = uuid_parse(entry, room) == 0;
    *ret_text = text_of(room->text);
    return is_id;
}

/* A list of different entries; an empty one, null and none are null. */
static int read_list(struct api_request *request, const char *name, size_t most,
                     read_entry_fn *read_entry, const char **ret_list, struct error *err)
{
    json_t *array = json_object_get(request->object, name);
    const json_t *entry;
    size_t index, used = 0;
    *ret_list = NULL;
    if (!array || json_is_null(array))
        return 0;
    if (!json_is_array(array) || json_array_size(array) > most)
        return invalid(name, err);
    if (json_array_size(array) == 0)
        return 0;
    char *list = api_request_allocate(request, json_array_size(array) * (ENTRY_MAX + 1));
    json_array_foreach(array, index, entry)
    {
        struct text text = {json_string_value(entry), json_string_length(entry)};
        struct uuid room = {{0}};
        if (!json_is_string(entry) || text.length > ENTRY_MAX || !read_entry(text, &room, &text))
            return invalid(name, err);
        if (index > 0)
            list[used++] = ',';
        memcpy(list + used, text.bytes, text.length);
        used += text.length;
    }
    *ret_list = list;
    return 0;
}

/* What a limit may be of. */
static const struct limit_figure {
    const char *subject, *figure;
} limit_figures[] = {{"key", "bytes"}, {"key", "size"}, {"prefix", "bytes"}, {"prefix", "keys"}};

static const char *find_figure(const json_t *limit)
{
    const char *subject = json_string_value(json_object_get(limit, "subject"));
    for (size_t i = 0; subject && i < sizeof(limit_figures) / sizeof(limit_figures[0]); i++) {
        if (strcmp(limit_figures[i].subject, subject) == 0 &&
            json_object_get(limit, limit_figures[i].figure))
            return limit_figures[i].figure;
    }
    return NULL;
}

/* Neither a NUL, which PostgreSQL's text has none of, nor U+FFFF, which stands for one there
 * (result_document). */
static bool is_name(const json_t *name)
{
    const char *text = json_string_value(name);
    size_t length = json_string_length(name);
    return text && length > 0 && length <= WEBHOOK_NAME_MAX && strlen(text) == length &&
           !strstr(text, "\xef\xbf\xbf");
}

/* Subject, one figure and perhaps a name, and nothing else: a member that is not obeyed would be
 * believed to be. */
static int write_limit(struct json_writer *list, const json_t *limit, struct error *err)
{
    const char *figure = find_figure(limit);
    const json_t *name = json_object_get(limit, "name");
    struct error ignored = {0};
    int64_t most;
    if (!figure || (name && !is_name(name)) || json_object_size(limit) != 2 + (name != NULL) ||
        json_get_integer(limit, figure, 1, INT64_MAX, &most, &ignored) < 0)
        return invalid("limits", err);
    json_writer_begin_object(list);
    json_writer_member_text(list, "subject", json_string_value(json_object_get(limit, "subject")));
    if (name)
        json_writer_member_text(list, "name", json_string_value(name));
    json_writer_member_number(list, figure, most);
    json_writer_end_object(list);
    return 0;
}

static int read_limits(struct api_request *request, bool needed, const char **ret_limits,
                       struct error *err)
{
    json_t *array = json_object_get(request->object, "limits");
    SCOPED(json_writer_release) struct json_writer list;
    const json_t *limit;
    size_t index;
    json_writer_init(&list);
    if (array && !json_is_null(array) &&
        (!json_is_array(array) || json_array_size(array) > WEBHOOK_LIMITS_MAX))
        return invalid("limits", err);
    if (needed && json_array_size(array) == 0)
        return invalid("limits", err);
    json_writer_begin_array(&list);
    json_array_foreach(array, index, limit)
    {
        if (!json_is_object(limit) || write_limit(&list, limit, err) < 0)
            return invalid("limits", err);
    }
    json_writer_end_array(&list);
    char *text = api_request_allocate(request, list.length + 1);
    memcpy(text, list.text, list.length);
    *ret_limits = text;
    return 0;
}

static int read_url(const struct api_request *request, const char **ret_url, struct error *err)
{
    struct text url;
    if (json_get_text(request->object, "url", WEBHOOK_URL_MAX, &url, err) < 0 ||
        webhook_url_check(url, request->context->webhook_http, err) < 0)
        return -1;
    *ret_url = url.bytes;
    return 0;
}

static int read_flags(const json_t *object, struct webhook_body *body, struct error *err)
{
    if (json_get_boolean(object, "enabled", &body->enabled, err) < 0)
        return -1;
    if (!json_object_get(object, "rotate_secret"))
        return 0;
    return json_get_boolean(object, "rotate_secret", &body->rotate_secret, err);
}

int read_webhook_body(struct api_request *request, struct webhook_body *ret_body, struct error *err)
{
    static const char *const reserved[] = {"secret", "headers"};
    const json_t *object = request->object;
    struct text name;
    *ret_body = (struct webhook_body){0};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (json_object_get(object, reserved[i]))
            return invalid(reserved[i], err);
    }
    if (read_name(object, &name, err) < 0 || read_url(request, &ret_body->url, err) < 0 ||
        read_list(request, "events", ENTRY_MAX, read_event, &ret_body->events, err) < 0)
        return -1;
    if (!ret_body->events)
        return invalid("events", err);
    ret_body->name = name.bytes;
    if (read_list(request, "kinds", SCAN_KIND_COUNT, read_kind, &ret_body->kinds, err) < 0 ||
        read_list(request, "instance_ids", WEBHOOK_INSTANCES_MAX, read_instance,
                  &ret_body->instance_ids, err) < 0)
        return -1;
    bool needs_limits = strstr(ret_body->events, "limit.passed") != NULL;
    if (read_limits(request, needs_limits, &ret_body->limits, err) < 0)
        return -1;
    return read_flags(object, ret_body, err);
}
