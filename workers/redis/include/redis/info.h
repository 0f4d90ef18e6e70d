/* The text of INFO: lines of `name:value`, sections opened by `# Name`.  Nothing is copied; any
 * thread. Source: redis.io/commands/info, and recorded answers of Redis 3.0 to 8.0 and Valkey 8.0
 * to 9.1. */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include "base/text.h"

/* The first line of that name, in any section.  Returns false where there is none. */
bool redis_info_find(struct text info, const char *name, struct text *ret_value);

/* Returns -1 where there is none or it is no decimal integer. */
int redis_info_integer(struct text info, const char *name, int64_t *ret_number);

/* One value of a line such as `keys=1,expires=0`; the value has no comma.  Returns false where
 * there is none. */
bool redis_info_item(struct text list, const char *name, struct text *ret_value);

/* Returns -1 where there is none or it is no decimal integer. */
int redis_info_item_integer(struct text list, const char *name, int64_t *ret_number);

/* A line of the section Keyspace: `db0:keys=1,expires=0,avg_ttl=0`.  Databases without keys have
 * none. */
struct redis_keyspace {
    int db;
    int64_t keys;
    int64_t expires;
};

/* Takes the next line of the keyspace from *rest, which starts as the whole text.  Returns 1 where
 * there was one, 0 at the end and -1 on a line that begins as one and is none. */
int redis_info_next_database(struct text *rest, struct redis_keyspace *ret_keyspace);

/* Keys of all databases, or -1 where a line is malformed or the sum overflows. */
int64_t redis_info_total_keys(struct text info);

#endif
