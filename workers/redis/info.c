/* INFO is read in place; a line that is not there is an answer, a line that is malformed is not. */
#include "redis/info.h"

#include <limits.h>
#include <string.h>

/* Takes the next line, without its end, from *rest; false at the end of the text. */
static bool next_line(struct text *rest, struct text *ret_line)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->bytes, '\n', rest->length);
    size_t taken = end ? (size_t)(end - rest->bytes) + 1 : rest->length;
    *ret_line = (struct text){rest->bytes, end ? taken - 1 : taken};
    if (ret_line->length > 0 && ret_line->bytes[ret_line->length - 1] == '\r')
        ret_line->length--;
    *rest = (struct text){rest->bytes + taken, rest->length - taken};
    return true;
}

/* Takes what is before the separator from *rest; false where there is no separator. */
static bool take_until(struct text *rest, char separator, struct text *ret_part)
{
    const char *end = rest->length > 0 ? memchr(rest->bytes, separator, rest->length) : NULL;
    if (!end)
        return false;
    *ret_part = (struct text){rest->bytes, (size_t)(end - rest->bytes)};
    *rest = (struct text){end + 1, rest->length - ret_part->length - 1};
    return true;
}

bool redis_info_find(struct text info, const char *name, struct text *ret_value)
{
    struct text line, found;
    while (next_line(&info, &line)) {
        if (take_until(&line, ':', &found) && text_equals(found, text_of(name))) {
            *ret_value = line;
            return true;
        }
    }
    return false;
}

int redis_info_integer(struct text info, const char *name, int64_t *ret_number)
{
    struct text value;
    return redis_info_find(info, name, &value) ? text_parse_integer(value, ret_number) : -1;
}

bool redis_info_item(struct text list, const char *name, struct text *ret_value)
{
    while (list.length > 0) {
        struct text item, found;
        if (!take_until(&list, ',', &item)) {
            item = list;
            list.length = 0;
        }
        if (take_until(&item, '=', &found) && text_equals(found, text_of(name))) {
            *ret_value = item;
            return true;
        }
    }
    return false;
}

int redis_info_item_integer(struct text list, const char *name, int64_t *ret_number)
{
    struct text value;
    return redis_info_item(list, name, &value) ? text_parse_integer(value, ret_number) : -1;
}

static int find_count(struct text list, const char *name, int64_t *ret_count)
{
    return redis_info_item_integer(list, name, ret_count) < 0 || *ret_count < 0 ? -1 : 0;
}

/* `db0`, and not `db0_distrib_strings_sizes`, which Redis 8 has as well. */
static bool is_database_name(struct text name)
{
    if (name.length < 3 || name.bytes[0] != 'd' || name.bytes[1] != 'b')
        return false;
    for (size_t i = 2; i < name.length; i++) {
        if (name.bytes[i] < '0' || name.bytes[i] > '9')
            return false;
    }
    return true;
}

int redis_info_next_database(struct text *rest, struct redis_keyspace *ret_keyspace)
{
    struct text line, name;
    while (next_line(rest, &line)) {
        if (!take_until(&line, ':', &name) || !is_database_name(name))
            continue;
        int64_t db;
        if (text_parse_integer((struct text){name.bytes + 2, name.length - 2}, &db) < 0 ||
            db > INT_MAX || find_count(line, "keys", &ret_keyspace->keys) < 0 ||
            find_count(line, "expires", &ret_keyspace->expires) < 0)
            return -1;
        ret_keyspace->db = (int)db;
        return 1;
    }
    return 0;
}

int64_t redis_info_total_keys(struct text info)
{
    struct redis_keyspace keyspace;
    int64_t total = 0;
    int found;
    while ((found = redis_info_next_database(&info, &keyspace)) > 0) {
        if (__builtin_add_overflow(total, keyspace.keys, &total))
            return -1;
    }
    return found < 0 ? -1 : total;
}
