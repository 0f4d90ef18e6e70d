/* What precedes the keys and stands between them: the header, fields about the server, and what is
 * only passed over.  All return -1 with the input's error. */
#ifndef RDB_FACTS_H
#define RDB_FACTS_H

#include "blob.h"

void facts_init(struct rdb_facts *facts);

/* Magic and version. */
int facts_read_header(struct input *input, struct rdb_facts *facts);

/* A name and a value (RDB_OPCODE_AUX); names that are not known are passed over. */
int facts_read_field(struct input *input, struct lzf *lzf, struct rdb_facts *facts);

/* How many keys a database has, and how many of which expire. */
int facts_read_sizes(struct input *input, struct rdb_facts *facts);

int facts_pass_module(struct input *input);
int facts_pass_function(struct input *input, struct rdb_facts *facts);
int facts_pass_function_pre(struct input *input, struct rdb_facts *facts);
int facts_pass_slot(struct input *input);

/* What modules keep beside a key's value (Redis 8.4). */
int facts_pass_key_metadata(struct input *input);

/* A slot that is on its way to this server (Valkey 9). */
int facts_pass_slot_import(struct input *input);

#endif
