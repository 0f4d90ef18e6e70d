/* Every field of text is quoted; a quote in it is doubled. */
#include "base/csv.h"

#include <string.h>

static void write_inside(struct json_writer *body, struct text text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] != '"')
            continue;
        json_writer_raw(body, text.bytes + start, i + 1 - start);
        start = i;
    }
    json_writer_raw(body, text.bytes + start, text.length - start);
}

void csv_write_quoted(struct json_writer *body, struct text text)
{
    json_writer_raw(body, "\"", 1);
    write_inside(body, text);
    json_writer_raw(body, "\"", 1);
}

void csv_write_guarded(struct json_writer *body, struct text text)
{
    json_writer_raw(body, "\"", 1);
    if (text.length > 0 && memchr("=+-@\t\r", text.bytes[0], 6))
        json_writer_raw(body, "'", 1);
    write_inside(body, text);
    json_writer_raw(body, "\"", 1);
}

void csv_write_end(struct json_writer *body, bool is_last)
{
    json_writer_raw(body, is_last ? "\r\n" : ",", is_last ? 2 : 1);
}
