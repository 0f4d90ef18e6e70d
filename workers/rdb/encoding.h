/* What OBJECT ENCODING says where the type in an RDB does not tell it: by the server's version. */
#ifndef RDB_ENCODING_H
#define RDB_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "footprint.h"
#include "rdb/reader.h"

/* Who wrote the input. */
struct server {
    struct footprint_server footprint; /* a version that is not told is the newest of the format */
    bool told;
    int rdb_version;
    bool valkey_magic;
};

void server_init(struct server *server, const struct rdb_facts *facts);

/* A string's value: is_integer as footprint_element has it.  The form is that of the encoding, and
 * one of those that are possible where the encoding is null. */
const char *encoding_of_string(const struct server *server, size_t name_length, bool has_expiry,
                               uint64_t length, bool is_integer, int64_t integer,
                               enum footprint_text_form *ret_form);

const char *encoding_of_stream(const struct server *server);

/* A list that RDB type 18 has: servers save one that is a single listpack as a quicklist of one
 * packed node. */
const char *encoding_of_list(const struct server *server, uint64_t nodes, bool plain);

#endif
