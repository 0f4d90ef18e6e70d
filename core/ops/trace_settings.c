/* Names of the resource's attributes are those of OpenTelemetry's semantic conventions, "Service".
 */
#include "trace_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/secret_file.h"
#include "base/text.h"
#include "ops/outgoing.h"

/* RFC 9110, 5.6.2: token. */
static bool is_token(struct text name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.bytes[i];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (!is_letter && !(byte >= '0' && byte <= '9') && (byte == 0 || !strchr(others, byte)))
            return false;
    }
    return name.length > 0;
}

static bool is_visible(struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.bytes[i];
        if (byte < ' ' || byte == 0x7f)
            return false;
    }
    return true;
}

/* `Name: value`; ends the line at the value's end. */
static int add_line(struct trace_headers *headers, char *line)
{
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    const char *colon = strchr(line, ':');
    if (!colon || headers->count == TRACE_HEADERS_MAX ||
        !is_token((struct text){line, (size_t)(colon - line)}) || !is_visible(text_of(colon + 1)) ||
        text_trim(text_of(colon + 1)).length == 0)
        return -1;
    headers->lines[headers->count++] = line;
    return 0;
}

int trace_headers_read(const char *path, struct trace_headers *headers, struct error *err)
{
    int number = 0;
    headers->count = 0;
    if (secret_file_read(path, headers->content, sizeof(headers->content) - 1, err) < 0)
        return -1;
    char *rest = headers->content;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        number++;
        if (text_trim(text_of(line)).length > 0 && add_line(headers, line) < 0)
            return error_set(err, ERROR_CONFIG,
                             "%s: line %d is not `Name: value`, or one of more than %d", path,
                             number, TRACE_HEADERS_MAX);
    }
    return 0;
}

void trace_headers_release(struct trace_headers *headers)
{
    secret_cleanse(headers->content, sizeof(headers->content));
    headers->count = 0;
}

/* In the place of one of that name. */
static int add_attribute(struct trace_settings *settings, struct text name, struct text value)
{
    struct trace_attribute *place = NULL;
    for (int i = 0; i < settings->resource_count; i++) {
        if (text_equals(text_of(settings->resource[i].name), name))
            place = &settings->resource[i];
    }
    if (!place && settings->resource_count == TRACE_RESOURCE_MAX)
        return -1;
    if (!place)
        place = &settings->resource[settings->resource_count++];
    free(place->name);
    free(place->value);
    place->name = text_copy(name.bytes, name.length);
    place->value = text_copy(value.bytes, value.length);
    return 0;
}

/* `name=value`. */
static int add_pair(struct trace_settings *settings, struct text pair)
{
    const char *sign = pair.length > 0 ? memchr(pair.bytes, '=', pair.length) : NULL;
    if (!sign)
        return -1;
    struct text name = text_trim((struct text){pair.bytes, (size_t)(sign - pair.bytes)});
    struct text value =
        text_trim((struct text){sign + 1, pair.length - (size_t)(sign + 1 - pair.bytes)});
    if (!is_token(name) || value.length == 0 || !is_visible(value) ||
        !text_is_utf8(value.bytes, value.length))
        return -1;
    return add_attribute(settings, name, value);
}

static int add_pairs(struct trace_settings *settings, const char *list, struct error *err)
{
    int number = 0;
    while (*list) {
        size_t length = strcspn(list, ",");
        number++;
        if (add_pair(settings, (struct text){list, length}) < 0)
            return error_set(err, ERROR_CONFIG,
                             "trace_resource: entry %d is not name=value, or one of more than %d",
                             number, TRACE_RESOURCE_MAX);
        list += length + (list[length] == ',');
    }
    return 0;
}

static int check_headers(const char *path, struct error *err)
{
    struct trace_headers headers = {0};
    int status = trace_headers_read(path, &headers, err);
    trace_headers_release(&headers);
    return status < 0 ? error_prefix(err, "trace_headers_file") : 0;
}

static int fill(struct trace_settings *settings, const struct config *config, struct error *err)
{
    bool is_plain;
    if (outgoing_check_url("trace_endpoint", config->trace_endpoint, &is_plain, err) < 0)
        return -1;
    if (config->trace_ca[0] && outgoing_check_ca("trace_ca", config->trace_ca, err) < 0)
        return -1;
    if (config->trace_headers_file[0] && check_headers(config->trace_headers_file, err) < 0)
        return -1;
    if (config->trace_headers_file[0] && is_plain)
        LOG_WARNING("traces_without_tls");
    if (trace_ratio_parse(text_of(config->trace_sample_ratio), &settings->ratio) < 0)
        return error_set(err, ERROR_CONFIG,
                         "trace_sample_ratio: not a decimal of at most nine places from 0 to 1");
    settings->url = outgoing_join(config->trace_endpoint, "/v1/traces");
    settings->ca = config->trace_ca[0] ? config->trace_ca : NULL;
    settings->headers_file = config->trace_headers_file[0] ? config->trace_headers_file : NULL;
    settings->interval_ms = config->trace_interval_ms;
    settings->timeout_ms = config->trace_timeout_ms;
    return add_pairs(settings, config->trace_resource, err);
}

int trace_settings_load(const struct config *config, const char *program, const char *instance,
                        struct trace_settings **ret_settings, struct error *err)
{
    *ret_settings = NULL;
    if (!config->trace_endpoint[0])
        return 0;
    struct trace_settings *settings = calloc(1, sizeof(*settings));
    if (!settings)
        abort();
    add_attribute(settings, TEXT("service.name"), text_of(program));
    add_attribute(settings, TEXT("service.version"), TEXT(DCS_VERSION));
    add_attribute(settings, TEXT("service.instance.id"), text_of(instance));
    if (fill(settings, config, err) < 0) {
        trace_settings_free(settings);
        return -1;
    }
    *ret_settings = settings;
    return 0;
}

void trace_settings_free(struct trace_settings *settings)
{
    if (!settings)
        return;
    for (int i = 0; i < settings->resource_count; i++) {
        free(settings->resource[i].name);
        free(settings->resource[i].value);
    }
    free(settings->url);
    free(settings);
}
