/* A JSON text builder: a growing buffer and the state of one comma. */
#include "base/json_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

enum { FIRST_CAPACITY = 512 };

void json_writer_init(struct json_writer *writer)
{
    *writer = (struct json_writer){.text = malloc(FIRST_CAPACITY), .capacity = FIRST_CAPACITY};
    if (!writer->text)
        abort();
    writer->text[0] = '\0';
}

static void free_text(const struct json_writer *writer)
{
    if (writer->is_secret)
        secret_cleanse(writer->text, writer->length);
    free(writer->text);
}

void json_writer_release(struct json_writer *writer)
{
    free_text(writer);
    *writer = (struct json_writer){0};
}

char *json_writer_take(struct json_writer *writer, size_t *ret_length)
{
    char *text = writer->text;
    *ret_length = writer->length;
    *writer = (struct json_writer){0};
    return text;
}

static void grow(struct json_writer *writer, size_t capacity)
{
    char *text = writer->is_secret ? malloc(capacity) : realloc(writer->text, capacity);
    if (!text)
        abort();
    if (writer->is_secret) {
        memcpy(text, writer->text, writer->length);
        free_text(writer);
    }
    writer->text = text;
    writer->capacity = capacity;
}

static char *reserve(struct json_writer *writer, size_t more)
{
    if (writer->most > 0 && (writer->is_overlong || writer->length + more > writer->most)) {
        writer->is_overlong = true;
        writer->length = 0;
    }
    size_t needed = writer->length + more + 1;
    if (needed > writer->capacity) {
        size_t capacity = writer->capacity * 2;
        if (capacity < needed)
            capacity = needed;
        grow(writer, capacity);
    }
    return writer->text + writer->length;
}

void json_writer_reserve(struct json_writer *writer, size_t more)
{
    reserve(writer, more);
}

void json_writer_raw(struct json_writer *writer, const char *bytes, size_t length)
{
    char *place = reserve(writer, length);
    memcpy(place, bytes, length);
    place[length] = '\0';
    writer->length += length;
}

static void put_byte(struct json_writer *writer, char byte)
{
    char *place = reserve(writer, 1);
    place[0] = byte;
    place[1] = '\0';
    writer->length++;
}

static void begin_value(struct json_writer *writer)
{
    if (writer->needs_comma)
        put_byte(writer, ',');
    writer->needs_comma = true;
}

static void begin_group(struct json_writer *writer, char bracket)
{
    begin_value(writer);
    put_byte(writer, bracket);
    writer->needs_comma = false;
}

static void end_group(struct json_writer *writer, char bracket)
{
    put_byte(writer, bracket);
    writer->needs_comma = true;
}

void json_writer_begin_object(struct json_writer *writer)
{
    begin_group(writer, '{');
}

void json_writer_end_object(struct json_writer *writer)
{
    end_group(writer, '}');
}

void json_writer_begin_array(struct json_writer *writer)
{
    begin_group(writer, '[');
}

void json_writer_end_array(struct json_writer *writer)
{
    end_group(writer, ']');
}

void json_writer_name(struct json_writer *writer, const char *name)
{
    begin_value(writer);
    put_byte(writer, '"');
    json_writer_raw(writer, name, strlen(name));
    json_writer_raw(writer, "\":", 2);
    writer->needs_comma = false;
}

static void put_escape(struct json_writer *writer, unsigned char byte)
{
    static const char short_names[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                       ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    char escape[8];
    int length;
    if (byte < sizeof(short_names) && short_names[byte])
        length = snprintf(escape, sizeof(escape), "\\%c", short_names[byte]);
    else
        length = snprintf(escape, sizeof(escape), "\\u%04x", byte);
    json_writer_raw(writer, escape, (size_t)length);
}

void json_writer_text(struct json_writer *writer, const char *text, size_t length)
{
    begin_value(writer);
    put_byte(writer, '"');
    size_t start = 0;
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)text[i];
        size_t width = byte < 0x80 ? 1 : text_utf8_width(text + i, length - i);
        if (width > 0 && byte >= 0x20 && byte != '"' && byte != '\\') {
            i += width;
            continue;
        }
        json_writer_raw(writer, text + start, i - start);
        if (width == 0)
            json_writer_raw(writer, "\xef\xbf\xbd", 3);
        else
            put_escape(writer, byte);
        start = ++i;
    }
    json_writer_raw(writer, text + start, length - start);
    put_byte(writer, '"');
}

void json_writer_number(struct json_writer *writer, int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)number);
    json_writer_value(writer, digits, (size_t)length);
}

void json_writer_boolean(struct json_writer *writer, bool value)
{
    json_writer_value(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_writer_value(struct json_writer *writer, const char *json, size_t length)
{
    begin_value(writer);
    json_writer_raw(writer, json, length);
}

void json_writer_member_text(struct json_writer *writer, const char *name, const char *text)
{
    json_writer_name(writer, name);
    json_writer_text(writer, text, strlen(text));
}

void json_writer_member_number(struct json_writer *writer, const char *name, int64_t number)
{
    json_writer_name(writer, name);
    json_writer_number(writer, number);
}

void json_writer_member_boolean(struct json_writer *writer, const char *name, bool value)
{
    json_writer_name(writer, name);
    json_writer_boolean(writer, value);
}
