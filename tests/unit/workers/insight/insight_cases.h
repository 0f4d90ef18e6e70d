/* A key and a document of an insight, for the tests of it. */
#ifndef INSIGHT_CASES_H
#define INSIGHT_CASES_H

#include <stdlib.h>

#include "insight/insight.h"
#include "unit.h"

static const struct insight_setup plain = {
    .source = "scan", .options = {.measures = 15, .separators = ":", .prefix_depth = 8, .top = 5}};

static const struct insight_facts no_facts = {.expired_released = 7};

static inline struct insight_key key_of(struct insight *insight, const char *type, struct text name)
{
    return (struct insight_key){.name = name,
                                .type = insight_find_type(insight, text_of(type)),
                                .encoding = INSIGHT_UNKNOWN,
                                .freq = INSIGHT_UNKNOWN,
                                .bytes = 64,
                                .size = 1,
                                .ttl_ms = INSIGHT_PERSISTENT,
                                .idle_s = INSIGHT_UNKNOWN};
}

static inline json_t *document_of(const struct insight *insight, const struct insight_facts *facts)
{
    struct json_writer json;
    json_writer_init(&json);
    insight_write(insight, facts, &json);
    json_t *document = json_loadb(json.text, json.length, JSON_ALLOW_NUL, NULL);
    assert_non_null(document);
    json_writer_release(&json);
    return document;
}

static inline void assert_member(const json_t *document, const char *name, const char *expected)
{
    char *text = json_dumps(json_object_get(document, name), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

#endif
