/* Whether a name is escaped depends on all of it, also on what is not kept. */
#include "key_name.h"

#include <string.h>

static const char cut_mark[] = "\xe2\x80\xa6";

enum { ESCAPE_LENGTH = 4, SHOWN_MAX = RANKED_NAME_MAX * ESCAPE_LENGTH + sizeof(cut_mark) };

static size_t put_escaped(struct text name, char *ret_shown)
{
    size_t shown = 0;
    for (size_t i = 0; i < name.length;) {
        size_t width = text_utf8_width(name.bytes + i, name.length - i);
        const unsigned char byte = (unsigned char)name.bytes[i];
        if (width == 0) {
            ret_shown[shown++] = '\\';
            ret_shown[shown++] = 'x';
            text_format_hex(&byte, 1, ret_shown + shown);
            shown += 2;
            i++;
            continue;
        }
        if (byte == '\\')
            ret_shown[shown++] = '\\';
        memcpy(ret_shown + shown, name.bytes + i, width);
        shown += width;
        i += width;
    }
    return shown;
}

void key_name_write(struct json_writer *writer, const struct ranked_key *key)
{
    char shown[SHOWN_MAX];
    size_t length = key->kept;
    if (key->utf8)
        memcpy(shown, key->name, length);
    else
        length = put_escaped((struct text){key->name, key->kept}, shown);
    if (key->kept < key->length) {
        memcpy(shown + length, cut_mark, sizeof(cut_mark) - 1);
        length += sizeof(cut_mark) - 1;
    }
    json_writer_text(writer, shown, length);
}
