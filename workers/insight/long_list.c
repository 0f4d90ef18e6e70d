/* What does not fit is written first and taken back: how long it is shows only then. */
#include "long_list.h"

#include <stdbool.h>

static bool add_entry(struct long_list *list, size_t *room, write_entry_fn *write,
                      const void *argument)
{
    size_t before = list->json.length;
    write(argument, list->items, list->written, &list->json);
    size_t length = list->json.length - before;
    if (length > *room) {
        list->json.length = before;
        list->json.text[before] = '\0';
        return false;
    }
    *room -= length;
    list->written++;
    return true;
}

void long_lists_fill(struct long_list *lists, size_t count, size_t room, write_entry_fn *write,
                     const void *argument)
{
    bool more = true;
    for (size_t i = 0; i < count; i++) {
        lists[i].written = 0;
        json_writer_init(&lists[i].json);
    }
    for (size_t place = 0; more; place++) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (place >= lists[i].count)
                continue;
            if (!add_entry(&lists[i], &room, write, argument))
                return;
            more = true;
        }
    }
}

void long_list_put(const struct long_list *list, struct json_writer *json)
{
    if (list->written > 0)
        json_writer_value(json, list->json.text, list->json.length);
}

int64_t long_lists_left_out(const struct long_list *lists, size_t count)
{
    int64_t left_out = 0;
    for (size_t i = 0; i < count; i++)
        left_out += (int64_t)(lists[i].count - lists[i].written);
    return left_out;
}

void long_lists_release(struct long_list *lists, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_writer_release(&lists[i].json);
}
