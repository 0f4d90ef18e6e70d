/* Lists that may be long, written in what room there is: an entry of each in turn, so that where
 * the room is too small all are cut to about the same number.  The first entry that does not fit
 * ends all of them: what a list has is its beginning.  Plain values, one thread. */
#ifndef INSIGHT_LONG_LIST_H
#define INSIGHT_LONG_LIST_H

#include "base/json_writer.h"

struct long_list {
    const void *items; /* what the entries are made of; the caller's */
    size_t count;
    size_t written;
    struct json_writer json; /* the entries, with commas between */
};

/* Writes the entry at that place of a list. */
typedef void write_entry_fn(const void *argument, const void *items, size_t place,
                            struct json_writer *json);

/* Writes as many entries as go into `room` bytes; lists have items and count. */
void long_lists_fill(struct long_list *lists, size_t count, size_t room, write_entry_fn *write,
                     const void *argument);

/* Appends the entries to an array that has begun. */
void long_list_put(const struct long_list *list, struct json_writer *json);

/* Entries that had no room. */
int64_t long_lists_left_out(const struct long_list *lists, size_t count);

/* Gives back what was written; not the items. */
void long_lists_release(struct long_list *lists, size_t count);

#endif
