/* Values: by the type that an RDB tells, how one is read, what TYPE and OBJECT ENCODING say of it
 * and how it is kept in memory. */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include "blob.h"
#include "encoding.h"
#include "footprint.h"

enum { MODULE_NAME_LENGTH = 9 };

struct value {
    struct input *input;
    struct lzf *lzf;
    const struct server *server;
    const struct value_kind *kind;
    size_t name_length;
    bool has_expiry;

    /* What reading it found. */
    uint64_t size;
    bool is_sized; /* else the size is not known */
    uint64_t ttl_fields;
    const char *encoding;
    char module_name[MODULE_NAME_LENGTH + 1]; /* of a module's */
    struct footprint footprint;
};

struct value_kind {
    enum rdb_type type;
    const char *reading;  /* for errors */
    const char *encoding; /* null: reading it tells */
    enum footprint_form form;
    int (*read)(struct value *value);
};

/* Null where the type is not known to the format that the server writes. */
const struct value_kind *value_kind_find(const struct server *server, unsigned type);

/* Of what the kind says; -1 with the input's error. */
int value_read(struct value *value);

/* Begins the footprint. */
void value_begin(struct value *value, enum footprint_form form);

/* Passes over a string that has begun, and says whether it is the text of an integer. */
int value_pass_text(struct value *value, const struct string *string, bool *ret_is_integer,
                    int64_t *ret_integer);

int list_read(struct value *value);
int list_read_quicklist(struct value *value);
int list_read_quicklist_2(struct value *value);
int set_read(struct value *value);
int zset_read(struct value *value);
int zset_read_2(struct value *value);
int hash_read(struct value *value);
int hash_read_times_first(struct value *value); /* of Redis 7.4 */
int hash_read_times_first_pre(struct value *value);
int hash_read_times_last(struct value *value); /* of Valkey 9 */

/* One string that is packed elements. */
int packed_read_ziplist(struct value *value);
int packed_read_listpack(struct value *value);
int packed_read_ziplist_pairs(struct value *value);
int packed_read_listpack_pairs(struct value *value);
int packed_read_zipmap(struct value *value);
int packed_read_intset(struct value *value);
int packed_read_listpack_times(struct value *value);
int packed_read_listpack_times_pre(struct value *value);

int stream_read_1(struct value *value);
int stream_read_2(struct value *value);
int stream_read_3(struct value *value);
int stream_read_4(struct value *value);
int stream_read_5(struct value *value);

int module_read(struct value *value);
int array_read(struct value *value);

#endif
