#include "change.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* One byte of text becomes another that may stand in a head. */
static void change_byte(char *text, size_t from)
{
    static const char bytes[] = "abcxyzABCXYZ0189-_.~/%?&=+;:,@ !";
    size_t length = strlen(text);
    if (length > from)
        text[from + random_below(length - from)] = bytes[random_below(sizeof(bytes) - 1)];
}

static void insert(char *text, size_t size, size_t at, const char *added)
{
    size_t length = strlen(text), more = strlen(added);
    if (at > length || length + more + 1 > size)
        return;
    memmove(text + at + more, text + at, length - at + 1);
    memcpy(text + at, added, more);
}

static void cut(char *text, size_t at, size_t count)
{
    size_t length = strlen(text);
    if (at + count <= length)
        memmove(text + at, text + at + count, length - at - count + 1);
}

static size_t path_length(const struct message *message)
{
    return strcspn(message->target, "?");
}

static void method(struct message *message)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "get", "PATCH"};
    snprintf(message->method, sizeof(message->method), "%s", methods[random_below(7)]);
}

static void path_byte(struct message *message)
{
    size_t at = 1 + random_below(path_length(message) - 1);
    static const char bytes[] = "abcxyzABC0189-_.~/%;:@+";
    message->target[at] = bytes[random_below(sizeof(bytes) - 1)];
}

/* Any byte of the path as %hh or %HH, or half of one: the same path, or none. */
static void path_encoding(struct message *message)
{
    char code[8];
    size_t at = 1 + random_below(path_length(message) - 1);
    snprintf(code, sizeof(code), random_below(2) ? "%%%02x" : "%%%02X",
             (unsigned)(unsigned char)message->target[at] ^ (random_below(2) ? 0U : 1U));
    cut(message->target, at, 1);
    insert(message->target, sizeof(message->target), at, code);
}

static void path_segment(struct message *message)
{
    static const char *const added[] = {"/", "//", "/.", "/..", "/a", "%2F", "%2f..", "/%2e%2e"};
    insert(message->target, sizeof(message->target), random_below(path_length(message) + 1),
           added[random_below(8)]);
}

static void path_cut(struct message *message)
{
    size_t length = path_length(message), at = 1 + random_below(length - 1);
    size_t count = 1 + random_below(8);
    cut(message->target, at, at + count <= length ? count : 1);
}

static void query_add(struct message *message)
{
    static const char *const added[] = {"limit=1",        "a",    "=",  "a=%20",
                                        "status=success", "%00=", "x=y"};
    size_t length = strlen(message->target);
    char part[32];
    snprintf(part, sizeof(part), "%c%s", strchr(message->target, '?') ? '&' : '?',
             added[random_below(7)]);
    insert(message->target, sizeof(message->target), length, part);
}

static void query_byte(struct message *message)
{
    change_byte(message->target, path_length(message) + 1);
}

/* The parameters in another order: the same query. */
static void query_order(struct message *message)
{
    char first[MESSAGE_PART_MAX];
    char *start = message->target + path_length(message);
    char *rest = *start ? strchr(start, '&') : NULL;
    if (!rest)
        return;
    snprintf(first, sizeof(first), "&%.*s", (int)(rest - start - 1), start + 1);
    memmove(start + 1, rest + 1, strlen(rest + 1) + 1);
    insert(message->target, sizeof(message->target), strlen(message->target), first);
}

static void query_cut(struct message *message)
{
    size_t length = strlen(message->target), first = path_length(message);
    if (length > first)
        cut(message->target, first + random_below(length - first), 1 + random_below(3));
}

static struct message_header *any(struct message *message)
{
    return &message->headers[random_below((size_t)message->header_count)];
}

static void header_value(struct message *message)
{
    struct message_header *header = any(message);
    if (random_below(2))
        change_byte(header->value, 0);
    else
        insert(header->value, sizeof(header->value), random_below(strlen(header->value) + 1),
               random_below(2) ? "0" : " ");
}

static void header_name(struct message *message)
{
    struct message_header *header = any(message);
    size_t at = random_below(strlen(header->name));
    if (random_below(2))
        header->name[at] ^= header->name[at] == '-' ? 0 : 0x20;
    else
        header->name[at] = "abcdefx-"[random_below(8)];
}

static void header_removed(struct message *message)
{
    *any(message) = message->headers[message->header_count - 1];
    message->header_count--;
}

static void header_doubled(struct message *message)
{
    struct message_header copy = *any(message);
    if (random_below(2))
        change_byte(copy.value, 0);
    message_add(message, copy.name, copy.value);
}

static void headers_swapped(struct message *message)
{
    struct message_header *a = any(message), *b = any(message), copy = *a;
    if (random_below(2)) {
        memmove(a->value, b->value, sizeof(a->value));
        snprintf(b->value, sizeof(b->value), "%s", copy.value);
    } else {
        memmove(a, b, sizeof(*a));
        *b = copy;
    }
}

static void signed_list(struct message *message)
{
    char *list = message->signed_headers;
    size_t length = strlen(list), size = sizeof(message->signed_headers);
    static const char *const added[] = {";host",   ";x-sdk-date", ";content-type",
                                        ";accept", ";",           "X"};
    switch (random_below(4)) {
    case 0:
        insert(list, size, random_below(2) ? length : 0, added[random_below(6)]);
        break;
    case 1:
        cut(list, 0, strcspn(list, ";") + 1);
        break;
    case 2:
        list[random_below(length)] ^= 0x20;
        break;
    default:
        cut(list, random_below(length), 1);
        break;
    }
}

static void body(struct message *message)
{
    size_t length = strlen(message->body);
    if (length > 0 && random_below(2))
        message->body[random_below(length)] ^= 1;
    else if (length > 1 && random_below(2))
        cut(message->body, random_below(length - 1), 1);
    else
        insert(message->body, sizeof(message->body), random_below(length + 1), "x");
}

static void date(struct message *message)
{
    char *value = message_find(message, "X-Sdk-Date")->value;
    int64_t moment;
    if (clock_parse_basic(value, CLOCK_BASIC_LENGTH, &moment) < 0)
        return;
    clock_format_basic(moment + 1 + (int64_t)random_below(1000) - 500, value);
}

static void digit(struct message *message)
{
    char *place = &message->digits[random_below(2 * DIGEST_LENGTH)];
    *place = "0123456789abcdef"[random_below(16)];
}

static void digits(struct message *message)
{
    size_t length = strlen(message->digits);
    switch (random_below(4)) {
    case 0:
        cut(message->digits, random_below(length), 1);
        break;
    case 1:
        insert(message->digits, sizeof(message->digits), random_below(length + 1), "0");
        break;
    case 2:
        memset(message->digits, '0', length);
        break;
    default:
        message->digits[random_below(length)] ^= 0x20;
        break;
    }
}

static void access_key(struct message *message)
{
    if (random_below(2))
        change_byte(message->access_key, 0);
    else
        snprintf(message->access_key, sizeof(message->access_key), "%s",
                 message_keys[random_below(MESSAGE_KEYS)].id);
}

/* A second field of Authorization, a comma, a space. */
static void authorization(struct message *message)
{
    static const char *const added[] = {", Access=A", " ",
                                        ",",          ", SignedHeaders=x-sdk-date",
                                        "\t",         ", Signature=0",
                                        "\r\n ",      "\r\nAuthorization: x"};
    size_t length = strlen(message->access_key);
    insert(message->access_key, sizeof(message->access_key), random_below(2) ? length : 0,
           added[random_below(8)]);
}

static size_t flip(char *bytes, size_t length)
{
    bytes[random_below(length)] ^= (char)(1U << random_below(8));
    return length;
}

static size_t drop(char *bytes, size_t length)
{
    size_t at = random_below(length), count = 1 + random_below(3);
    count = at + count <= length ? count : 1;
    memmove(bytes + at, bytes + at + count, length - at - count);
    return length - count;
}

static size_t add(char *bytes, size_t length)
{
    static const char *const added[] = {"\r\n", "\n", " ", ":",
                                        "\t",   "a",  "0", "\r\nX-Sdk-Date: 1"};
    const char *piece = added[random_below(8)];
    size_t at = random_below(length + 1), more = strlen(piece);
    memmove(bytes + at + more, bytes + at, length - at);
    memcpy(bytes + at, piece, more);
    return length + more;
}

static size_t repeat(char *bytes, size_t length)
{
    size_t at = random_below(length), to = random_below(length), more = 1 + random_below(40);
    char piece[40];
    more = at + more <= length ? more : 1;
    memcpy(piece, bytes + at, more);
    memmove(bytes + to + more, bytes + to, length - to);
    memcpy(bytes + to, piece, more);
    return length + more;
}

const struct change changes[] = {
    {"method", method, NULL},
    {"path: a byte", path_byte, NULL},
    {"path: encoding", path_encoding, NULL},
    {"path: segments", path_segment, NULL},
    {"path: cut", path_cut, NULL},
    {"query: added", query_add, NULL},
    {"query: a byte", query_byte, NULL},
    {"query: order", query_order, NULL},
    {"query: cut", query_cut, NULL},
    {"header: value", header_value, NULL},
    {"header: name", header_name, NULL},
    {"header: removed", header_removed, NULL},
    {"header: twice", header_doubled, NULL},
    {"headers: swapped", headers_swapped, NULL},
    {"signed headers", signed_list, NULL},
    {"body", body, NULL},
    {"date", date, NULL},
    {"signature: a digit", digit, NULL},
    {"signature: form", digits, NULL},
    {"access key", access_key, NULL},
    {"authorization", authorization, NULL},
    {"bytes: a bit", NULL, flip},
    {"bytes: dropped", NULL, drop},
    {"bytes: added", NULL, add},
    {"bytes: repeated", NULL, repeat},
};

const size_t change_count = sizeof(changes) / sizeof(changes[0]);
