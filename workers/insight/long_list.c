/* How long an entry is shows only when it was written. */
#include "long_list.h"

#include <stdbool.h>

struct measure {
    struct json_writer entry;
    write_entry_fn *write;
    const void *argument;
    size_t room, used;
};

static bool add_entry(struct measure *measure, struct long_list *list)
{
    struct json_writer *entry = &measure->entry;
    entry->length = 0;
    entry->needs_comma = list->fitting > 0;
    measure->write(measure->argument, list->items, list->fitting, entry);
    if (entry->length > measure->room - measure->used)
        return false;
    measure->used += entry->length;
    list->fitting++;
    return true;
}

static void add_entries(struct measure *measure, struct long_list *lists, size_t count)
{
    bool more = true;
    for (size_t place = 0; more; place++) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (place >= lists[i].count)
                continue;
            if (!add_entry(measure, &lists[i]))
                return;
            more = true;
        }
    }
}

size_t long_lists_fit(struct long_list *lists, size_t count, size_t room, write_entry_fn *write,
                      const void *argument)
{
    struct measure measure = {.write = write, .argument = argument, .room = room};
    for (size_t i = 0; i < count; i++)
        lists[i].fitting = 0;
    json_writer_init(&measure.entry);
    add_entries(&measure, lists, count);
    json_writer_release(&measure.entry);
    return measure.used;
}

void long_list_put(const struct long_list *list, write_entry_fn *write, const void *argument,
                   struct json_writer *json)
{
    for (size_t place = 0; place < list->fitting; place++)
        write(argument, list->items, place, json);
}

int64_t long_lists_left_out(const struct long_list *lists, size_t count)
{
    int64_t left_out = 0;
    for (size_t i = 0; i < count; i++)
        left_out += (int64_t)(lists[i].count - lists[i].fitting);
    return left_out;
}
