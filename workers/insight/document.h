/* What the files that write the document of an analysis share. */
#ifndef INSIGHT_DOCUMENT_H
#define INSIGHT_DOCUMENT_H

#include "insight_internal.h"

/* What of a sum is known. */
struct known {
    bool bytes, ttl;
};

struct document {
    const struct insight *insight;
    const struct insight_facts *facts;
    struct known known;
};

/* Members of an object that has begun. */
void document_write_keys(struct json_writer *json, int64_t keys, int64_t bytes, struct known known);
void document_write_persistent(struct json_writer *json, const struct key_sum *sum,
                               struct known known);

/* The places of the types that have keys: built-in ones in their order, modules' by name, the rest
 * at the end.  Returns how many these are. */
int document_list_types(const struct insight *insight, int ret_places[INSIGHT_TYPES_MAX]);

/* A member whose value is an array that begins. */
void document_begin_list(struct json_writer *json, const char *name);

/* Writes the rankings and the prefixes in at most so many bytes, and how many entries that left
 * out; returns how many largest_by_bytes has. */
int64_t document_write_lists(const struct document *document, size_t room,
                             struct json_writer *json);

#endif
