/* What the parts of values take: strings, members, fields and nodes, one by one. */
#ifndef RDB_ELEMENT_SIZE_H
#define RDB_ELEMENT_SIZE_H

#include "footprint.h"
#include "layout.h"

/* a + b, at most 2^62. */
uint64_t size_sum(uint64_t a, uint64_t b);

/* Of a structure that is mostly pointers. */
uint64_t size_of_struct(const struct footprint *f, uint64_t bytes);

uint64_t size_allocated(const struct footprint *f, uint64_t bytes);

/* A string's header, text and final byte. */
uint64_t size_of_text_asked(uint64_t length);

/* The same as this version counts it. */
uint64_t size_of_text(const struct footprint *f, uint64_t length);

uint64_t size_of_object(const struct footprint *f);

/* An entry of a dict. */
uint64_t size_of_entry(const struct footprint *f);

/* What the table has of a set's member: its entry, without the text. */
uint64_t size_of_member(const struct footprint *f);

/* A field with its entry. */
uint64_t size_of_field(const struct footprint *f, uint64_t name, uint64_t value, bool has_ttl);

enum { SIZE_FRACTION = 65536 };

/* A member of a sorted set with its entry and its node, in parts of SIZE_FRACTION. */
uint64_t size_of_ranked(const struct footprint *f, uint64_t length);

/* The key, the object and, of a string, its value. */
uint64_t size_of_key(const struct footprint *f);

#endif
