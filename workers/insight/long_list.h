/* Lists that may be long, written in what room there is: an entry of each in turn, so that where
 * the room is too small all are cut to about the same number.  The first entry that does not fit
 * ends all of them: what a list has is its beginning.
 *
 * Entries are written twice, once to see how long they are: so that no more than one is held beside
 * the text that they are for.  Plain values, one thread. */
#ifndef INSIGHT_LONG_LIST_H
#define INSIGHT_LONG_LIST_H

#include "base/json_writer.h"

struct long_list {
    const void *items; /* what the entries are made of; the caller's */
    size_t count;
    size_t fitting; /* entries that have room */
};

/* Writes the entry at that place of a list, the same each time. */
typedef void write_entry_fn(const void *argument, const void *items, size_t place,
                            struct json_writer *json);

/* Sees how many entries go into `room` bytes, and returns how many bytes these take, with the
 * commas between; lists have items and count. */
size_t long_lists_fit(struct long_list *lists, size_t count, size_t room, write_entry_fn *write,
                      const void *argument);

/* Writes the entries that fit into an array that has begun. */
void long_list_put(const struct long_list *list, write_entry_fn *write, const void *argument,
                   struct json_writer *json);

/* Entries that have no room. */
int64_t long_lists_left_out(const struct long_list *lists, size_t count);

#endif
