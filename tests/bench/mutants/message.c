#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "canonical.h"

struct message_key message_keys[MESSAGE_KEYS];

static uint64_t random_state;

void random_seed(uint64_t seed)
{
    random_state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

size_t random_below(size_t bound)
{
    return (size_t)(next_random() % bound);
}

static void fill(char *text, size_t length, const char *from)
{
    for (size_t i = 0; i < length; i++)
        text[i] = from[random_below(strlen(from))];
    text[length] = '\0';
}

static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char hex[] = "0123456789abcdef";

void message_begin(void)
{
    for (int i = 0; i < MESSAGE_KEYS; i++) {
        fill(message_keys[i].id, 20, capitals);
        fill(message_keys[i].secret, 40, capitals);
    }
}

static void set(char *place, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set(char *place, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(place, size, format, arguments) >= (int)size)
        abort();
    va_end(arguments);
}

struct message_header *message_find(struct message *message, const char *name)
{
    for (int i = 0; i < message->header_count; i++) {
        if (strcasecmp(message->headers[i].name, name) == 0)
            return &message->headers[i];
    }
    return NULL;
}

void message_add(struct message *message, const char *name, const char *value)
{
    if (message->header_count == MESSAGE_HEADERS_MAX)
        return;
    struct message_header *header = &message->headers[message->header_count++];
    set(header->name, sizeof(header->name), "%s", name);
    set(header->value, sizeof(header->value), "%s", value);
}

/* Every digit of an id of the path becomes another; what is encoded is left. */
static void change_ids(char *target)
{
    for (char *c = target; *c && *c != '?'; c++) {
        if (*c == '%') {
            c += 2;
            continue;
        }
        if (strchr("0123456789", *c) && c > target + 4)
            *c = hex[random_below(10)];
    }
}

static void add_query(struct message *message)
{
    char part[64];
    size_t length = strlen(message->target);
    if (strcmp(message->method, "GET") != 0 || length > MESSAGE_PART_MAX / 2)
        return;
    for (size_t i = random_below(4); i > 0; i--) {
        static const char *const names[] = {"limit", "offset", "status", "a", "%7Ename", "z%20z"};
        set(part, sizeof(part), "%c%s=%zu", strchr(message->target, '?') ? '&' : '?',
            names[random_below(6)], random_below(1000));
        strncat(message->target, part, MESSAGE_PART_MAX - strlen(message->target) - 1);
    }
}

static void sign_also(struct message *message, const char *name)
{
    char names[MESSAGE_PART_MAX + 64], lower[64] = "";
    for (size_t i = 0; name[i] && i + 1 < sizeof(lower); i++)
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    set(names, sizeof(names), "%s;%s", message->signed_headers, lower);
    if (!strstr(message->signed_headers, lower) && strlen(names) < sizeof(message->signed_headers))
        set(message->signed_headers, sizeof(message->signed_headers), "%s", names);
}

static void add_headers(struct message *message)
{
    char name[32], value[32];
    for (size_t i = random_below(3); i > 0; i--) {
        set(name, sizeof(name), "X-Extra-%zu", random_below(4));
        fill(value, 1 + random_below(20), "abc XYZ;,:=/%09");
        message_add(message, name, value);
        /* Whether it is signed, the client chooses. */
        if (random_below(2) == 0)
            sign_also(message, name);
    }
}

static void read_shape(const json_t *vector, struct message *message)
{
    size_t index;
    const json_t *header;
    const char *signed_headers = NULL;
    set(message->method, sizeof(message->method), "%s",
        json_string_value(json_object_get(vector, "method")));
    set(message->target, sizeof(message->target), "%s",
        json_string_value(json_object_get(vector, "target")));
    set(message->body, sizeof(message->body), "%s",
        json_string_value(json_object_get(vector, "body")));
    json_array_foreach(json_object_get(vector, "headers"), index, header)
    {
        const char *name = json_string_value(json_array_get(header, 0));
        const char *value = json_string_value(json_array_get(header, 1));
        if (strcmp(name, "Authorization") != 0)
            message_add(message, name, value);
        else
            signed_headers = strstr(value, "SignedHeaders=") + strlen("SignedHeaders=");
    }
    if (!signed_headers)
        abort();
    set(message->signed_headers, sizeof(message->signed_headers), "%.*s",
        (int)strcspn(signed_headers, ","), signed_headers);
}

/* As far from the server's clock as the vector's was. */
static void set_date(const json_t *vector, struct message *message)
{
    struct message_header *date = message_find(message, "X-Sdk-Date");
    const char *server = json_string_value(json_object_get(vector, "server_time"));
    int64_t then, now;
    if (clock_parse_basic(date->value, CLOCK_BASIC_LENGTH, &then) < 0 ||
        clock_parse_basic(server, CLOCK_BASIC_LENGTH, &now) < 0)
        abort();
    int64_t moment = 1700000000 + (int64_t)random_below(1U << 30);
    clock_format_basic(moment, date->value);
    message->now = moment + (now - then);
}

static void set_project(struct message *message)
{
    struct message_header *claimed = message_find(message, "X-Project-Id");
    const char *start = message->target + strlen("/v2/");
    set(message->project, sizeof(message->project), "%.*s", (int)strcspn(start, "/"), start);
    if (claimed)
        set(claimed->value, sizeof(claimed->value), "%s", message->project);
}

static void sign(struct message *message, const struct message_key *key)
{
    struct auth_header headers[MESSAGE_HEADERS_MAX];
    struct auth_request request = {text_of(message->method), text_of(message->target),
                                   text_of(message->body), headers, (size_t)message->header_count};
    struct canonical canonical;
    unsigned char bytes[DIGEST_LENGTH];
    for (int i = 0; i < message->header_count; i++)
        headers[i] = (struct auth_header){text_of(message->headers[i].name),
                                          text_of(message->headers[i].value)};
    if (!canonical_write(&request, text_of(message->signed_headers), &canonical))
        abort();
    canonical_sign(&canonical, text_of(message_find(message, "X-Sdk-Date")->value),
                   text_of(key->secret), bytes);
    text_format_hex(bytes, sizeof(bytes), message->digits);
    set(message->access_key, sizeof(message->access_key), "%s", key->id);
    free(canonical.text);
}

void message_make(const json_t *vectors, struct message *ret_message)
{
    const json_t *vector;
    do {
        vector = json_array_get(vectors, random_below(json_array_size(vectors)));
    } while (strcmp(json_string_value(json_object_get(vector, "expect")), "accept") != 0);
    *ret_message = (struct message){0};
    read_shape(vector, ret_message);
    change_ids(ret_message->target);
    add_query(ret_message);
    add_headers(ret_message);
    set_date(vector, ret_message);
    set_project(ret_message);
    if (strcmp(ret_message->method, "GET") != 0 && random_below(2) == 0)
        fill(ret_message->body, 1 + random_below(200), "{}[]\",:abc012 \n");
    sign(ret_message, &message_keys[random_below(MESSAGE_KEYS)]);
}

size_t message_write(const struct message *message, char ret_bytes[MESSAGE_BYTES_MAX])
{
    int length = snprintf(ret_bytes, MESSAGE_BYTES_MAX, "%s %s HTTP/1.1\r\n", message->method,
                          message->target);
    for (int i = 0; i < message->header_count; i++)
        length += snprintf(ret_bytes + length, MESSAGE_BYTES_MAX - (size_t)length, "%s: %s\r\n",
                           message->headers[i].name, message->headers[i].value);
    length +=
        snprintf(ret_bytes + length, MESSAGE_BYTES_MAX - (size_t)length,
                 "Authorization: SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, "
                 "Signature=%s\r\n\r\n%s",
                 message->access_key, message->signed_headers, message->digits, message->body);
    return (size_t)length;
}
