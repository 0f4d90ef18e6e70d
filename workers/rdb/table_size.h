/* How large the servers' hash tables are, by the number of their elements.
 *
 * Of a table that grew one element at a time and was not read since: it may still hold the smaller
 * table that it is moving out of.  One that was loaded from a dump, or read, since then has moved,
 * and is smaller by a third at most.  Facts: dict.c (a table doubles when it has as many elements
 * as slots; every insertion moves a slot or two) and hashtable.c (buckets of seven). */
#ifndef RDB_TABLE_SIZE_H
#define RDB_TABLE_SIZE_H

#include <stdint.h>

struct table_growth {
    int moves;     /* slots or buckets that an insertion moves, at least 1 */
    uint64_t born; /* elements that it was made for, when the value stopped being packed; or 0 */
};

/* Slots of a dict. */
uint64_t table_dict_slots(uint64_t elements, struct table_growth growth);

/* Slots of a settled dict that hold an element, as expected of random hashes. */
uint64_t table_dict_used(uint64_t elements);

/* Buckets of a hashtable, with the expected number of those that are chained to full ones. */
uint64_t table_buckets(uint64_t elements, struct table_growth growth);

#endif
