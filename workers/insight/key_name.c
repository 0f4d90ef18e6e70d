/* Whether a name is escaped depends on all of it, also on what is not kept. */
#include "insight/key_name.h"

#include <string.h>

static const char cut_mark[] = "\xe2\x80\xa6";

enum { ESCAPE_LENGTH = 4, SHOWN_MAX = RANKED_NAME_MAX * ESCAPE_LENGTH + sizeof(cut_mark) };

static const uint64_t hash_begin = 0xcbf29ce484222325, hash_factor = 0x100000001b3;

/* FNV-1a, 64 bits: the same in every run, as checkpoints and documents hold it. */
static uint64_t hash_of(struct text name)
{
    uint64_t hash = hash_begin;
    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (unsigned char)name.bytes[i]) * hash_factor;
    return hash;
}

/* Where a long name is cut: not within a character. */
static size_t cut_of(struct text name, size_t most)
{
    for (size_t back = 1; back <= 3; back++) {
        size_t start = most - back;
        if (text_utf8_width(name.bytes + start, name.length - start) > back)
            return start;
    }
    return most;
}

static size_t width_of(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
}

struct text key_name_whole_characters(struct text beginning)
{
    for (size_t back = 1; back <= 3 && back <= beginning.length; back++) {
        unsigned char byte = (unsigned char)beginning.bytes[beginning.length - back];
        if ((byte & 0xc0) == 0x80)
            continue;
        if (width_of(byte) > back)
            beginning.length -= back;
        break;
    }
    return beginning;
}

struct kept_name kept_name_of_part(struct text beginning, size_t length, size_t most)
{
    bool is_whole = beginning.length == length && length <= most;
    struct kept_name name = {.bytes = beginning.bytes, .kept = beginning.length, .length = length};
    if (beginning.length > most)
        name.kept = cut_of(beginning, most);
    else if (!is_whole)
        name.kept = key_name_whole_characters(beginning).length;
    if (!is_whole)
        name.hash = hash_of(beginning);
    return name;
}

struct kept_name kept_name_of(struct text name)
{
    return kept_name_of_part(name, name.length, RANKED_NAME_MAX);
}

uint64_t kept_name_digest(const struct kept_name *name)
{
    bool is_whole = name->kept == name->length;
    uint64_t hash = is_whole ? hash_of((struct text){name->bytes, name->kept}) : name->hash;
    return (hash ^ name->length) * hash_factor;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int kept_name_compare(const struct kept_name *a, const struct kept_name *b)
{
    size_t common = a->kept < b->kept ? a->kept : b->kept;
    int order = common > 0 ? memcmp(a->bytes, b->bytes, common) : 0;
    if (order == 0)
        order = compare_numbers(a->kept, b->kept);
    if (order == 0)
        order = compare_numbers(a->length, b->length);
    return order != 0 ? order : compare_numbers(a->hash, b->hash);
}

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

void key_name_write(struct json_writer *writer, const struct kept_name *name, bool utf8)
{
    char shown[SHOWN_MAX];
    size_t length = name->kept;
    if (utf8)
        memcpy(shown, name->bytes, length);
    else
        length = put_escaped((struct text){name->bytes, name->kept}, shown);
    if (name->kept < name->length) {
        memcpy(shown + length, cut_mark, sizeof(cut_mark) - 1);
        length += sizeof(cut_mark) - 1;
    }
    json_writer_text(writer, shown, length);
}
