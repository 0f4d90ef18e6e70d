/* U+FFFF and a 0 stand for NUL, U+FFFF and a 1 for itself. */
#include "result_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

static const char mark[] = "\xef\xbf\xbf";
enum { MARK_LENGTH = sizeof(mark) - 1 };

/* Null where there is nothing to turn back; else a copy that the caller frees. */
static char *turn_back(struct text stored, size_t *ret_length)
{
    if (!memmem(stored.bytes, stored.length, mark, MARK_LENGTH))
        return NULL;
    char *name = text_copy(stored.bytes, stored.length);
    size_t length = 0;
    for (size_t i = 0; i < stored.length; i++) {
        bool is_mark =
            stored.length - i > MARK_LENGTH && memcmp(stored.bytes + i, mark, MARK_LENGTH) == 0;
        if (is_mark && stored.bytes[i + MARK_LENGTH] == '0') {
            name[length++] = '\0';
            i += MARK_LENGTH;
        } else if (is_mark) {
            memcpy(name + length, mark, MARK_LENGTH);
            length += MARK_LENGTH;
            i += MARK_LENGTH;
        } else {
            name[length++] = stored.bytes[i];
        }
    }
    *ret_length = length;
    return name;
}

typedef void write_fn(struct json_writer *body, struct text text);

static void write_text(struct json_writer *body, struct text text)
{
    json_writer_text(body, text.bytes, text.length);
}

static void write_name(struct json_writer *body, struct text stored, write_fn *write)
{
    size_t length = 0;
    char *name = turn_back(stored, &length);
    write(body, name ? (struct text){name, length} : stored);
    free(name);
}

void result_name_write_json(struct json_writer *body, struct text stored)
{
    write_name(body, stored, write_text);
}

void result_name_write_csv(struct json_writer *body, struct text stored)
{
    write_name(body, stored, csv_write_guarded);
}
