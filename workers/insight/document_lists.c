/* The lists of a document that may be long: the largest keys and the heaviest prefixes.
 *
 * Prefixes take half of the room at most, and rankings what is left: all rankings are cut to the
 * same number of keys then, so that each is right as far as it goes. */
#include "document.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "long_list.h"

enum { OVERHEAD = 1024 /* bytes of names and brackets, and of what was left out */ };
enum { HASH_DIGITS = 16 };

/* Entries that had no room. */
struct left_out {
    int64_t by_bytes, by_size, prefixes, prefixes_by_type;
};

static void write_size(struct json_writer *json, const struct leader *leader)
{
    if (leader->size < 0)
        return;
    json_writer_member_number(json, "size", leader->size);
    json_writer_member_text(json, "unit", leader->type == INSIGHT_STRING ? "byte" : "count");
}

static void write_measures(struct json_writer *json, const struct insight *insight,
                           const struct leader *leader)
{
    if (leader->ttl_ms >= 0)
        json_writer_member_number(json, "ttl_ms", leader->ttl_ms);
    if (leader->encoding >= 0)
        json_writer_member_text(json, "encoding", insight->counters.encodings[leader->encoding]);
    if (leader->idle_s >= 0)
        json_writer_member_number(json, "idle_s", leader->idle_s);
    if (leader->freq >= 0)
        json_writer_member_number(json, "freq", leader->freq);
}

/* How much of a name is shown is not the same in every document; by its hash it is matched. */
static void write_name_rest(struct json_writer *json, const struct kept_name *name)
{
    char hash[HASH_DIGITS + 1];
    if (name->kept < name->length)
        json_writer_member_boolean(json, "name_cut", true);
    if (name->length <= RANKED_NAME_LEAST)
        return;
    snprintf(hash, sizeof(hash), "%016" PRIx64, kept_name_digest(name));
    json_writer_member_text(json, "name_hash", hash);
}

static void write_leader(const void *argument, const void *items, size_t place,
                         struct json_writer *json)
{
    const struct document *document = argument;
    const struct insight *insight = document->insight;
    const struct insight_facts *facts = document->facts;
    const struct leader *leader = ((const struct leader *const *)items)[place];
    const struct kept_name name = leader_name(leader);
    json_writer_begin_object(json);
    json_writer_name(json, "name");
    key_name_write(json, &name, leader->utf8);
    if (!leader->utf8)
        json_writer_member_boolean(json, "binary", true);
    write_name_rest(json, &name);
    json_writer_member_text(json, "type", insight->counters.types[leader->type].name);
    json_writer_member_number(json, "db", leader->db);
    if (facts->name_shard) {
        char shard[INSIGHT_SHARD_NAME_MAX + 1];
        facts->name_shard(facts->argument, leader->slot, shard);
        json_writer_member_text(json, "shard", shard);
    }
    if (leader->bytes >= 0)
        json_writer_member_number(json, "bytes", leader->bytes);
    write_size(json, leader);
    write_measures(json, insight, leader);
    json_writer_end_object(json);
}

/* The keys of a ranking that are told, best first, as many as were asked for.  In a ranking by size
 * none is whose size is not known.  The array is the caller's. */
static const struct leader **list_ranking(const struct insight *insight, int ranking,
                                          size_t *ret_count)
{
    uint32_t count;
    size_t kept = 0, top = (size_t)insight->setup.options.top;
    const struct leader **leaders = leaders_sort(&insight->leaders, ranking, &count);
    for (uint32_t i = 0; i < count && kept < top; i++) {
        if (ranking == LEADERS_BY_BYTES || leaders[i]->size >= 0)
            leaders[kept++] = leaders[i];
    }
    *ret_count = kept;
    return leaders;
}

struct rankings {
    const struct leader **leaders[LEADERS_RANKINGS];
    struct long_list lists[LEADERS_RANKINGS];
};

static size_t fit_rankings(const struct document *document, size_t room,
                           struct rankings *ret_rankings, struct left_out *left_out)
{
    struct long_list *lists = ret_rankings->lists;
    for (int i = 0; i < LEADERS_RANKINGS; i++) {
        ret_rankings->leaders[i] = list_ranking(document->insight, i, &lists[i].count);
        lists[i].items = ret_rankings->leaders[i];
    }
    size_t used = long_lists_fit(lists, LEADERS_RANKINGS, room, write_leader, document);
    left_out->by_bytes = long_lists_left_out(&lists[LEADERS_BY_BYTES], LEADERS_BY_SIZE);
    left_out->by_size = long_lists_left_out(&lists[LEADERS_BY_SIZE], INSIGHT_TYPES_BUILT_IN);
    return used;
}

static void write_rankings(const struct document *document, const struct rankings *rankings,
                           struct json_writer *json)
{
    const struct long_list *by_size = &rankings->lists[LEADERS_BY_SIZE];
    document_begin_list(json, "largest_by_bytes");
    long_list_put(&rankings->lists[LEADERS_BY_BYTES], write_leader, document, json);
    json_writer_end_array(json);
    document_begin_list(json, "largest_by_size");
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++)
        long_list_put(&by_size[type], write_leader, document, json);
    json_writer_end_array(json);
}

static void write_prefix(const void *argument, const void *items, size_t place,
                         struct json_writer *json)
{
    const struct known known = ((const struct document *)argument)->known;
    const struct prefix_item *item = (const struct prefix_item *)items + place;
    const struct prefix_entry *entry = &item->entry;
    const struct kept_name name = kept_name_of(item->prefix);
    bool utf8 = text_is_utf8(item->prefix.bytes, item->prefix.length);
    json_writer_begin_object(json);
    json_writer_name(json, "prefix");
    key_name_write(json, &name, utf8);
    if (!utf8)
        json_writer_member_boolean(json, "binary", true);
    json_writer_member_number(json, "depth", item->depth);
    json_writer_member_number(json, "keys",
                              entry->counts[PREFIX_KEYS] + entry->errors[PREFIX_KEYS]);
    json_writer_member_number(json, "keys_error", entry->errors[PREFIX_KEYS]);
    if (known.bytes) {
        json_writer_member_number(json, "bytes",
                                  entry->counts[PREFIX_BYTES] + entry->errors[PREFIX_BYTES]);
        json_writer_member_number(json, "bytes_error", entry->errors[PREFIX_BYTES]);
    }
    /* What was missed may have had no time to live either. */
    const struct key_sum persistent = {
        .persistent_keys = entry->persistent[PREFIX_KEYS] + entry->errors[PREFIX_KEYS],
        .persistent_bytes = entry->persistent[PREFIX_BYTES] + entry->errors[PREFIX_BYTES]};
    document_write_persistent(json, &persistent, known);
    json_writer_end_object(json);
}

struct prefix_lists {
    struct prefix_item *items, *of_type[INSIGHT_TYPES_BUILT_IN];
    struct long_list list, types[INSIGHT_TYPES_BUILT_IN];
};

/* As many as fit: half of the heaviest, and half again, as each is told with what it lies in. */
static size_t fit_prefixes(const struct document *document, size_t room, struct prefix_lists *lists,
                           struct left_out *left_out)
{
    size_t all = 0, used;
    for (size_t most = PREFIX_ITEMS_HEAVIEST;; most /= 2) {
        lists->items = prefixes_choose(&document->insight->prefixes, most, &lists->list.count);
        lists->list.items = lists->items;
        used = long_lists_fit(&lists->list, 1, room, write_prefix, document);
        if (most == PREFIX_ITEMS_HEAVIEST)
            all = lists->list.count;
        if (lists->list.fitting == lists->list.count)
            break;
        free(lists->items);
    }
    left_out->prefixes = (int64_t)(all - lists->list.count);
    return used;
}

static size_t fit_types(const struct document *document, size_t room, struct prefix_lists *lists,
                        struct left_out *left_out)
{
    if (!document->insight->setup.prefixes_by_type)
        return 0;
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++)
        lists->types[type].items = lists->of_type[type] =
            prefixes_choose_of_type(&document->insight->prefixes, type, &lists->types[type].count);
    size_t used =
        long_lists_fit(lists->types, INSIGHT_TYPES_BUILT_IN, room, write_prefix, document);
    left_out->prefixes_by_type = long_lists_left_out(lists->types, INSIGHT_TYPES_BUILT_IN);
    return used;
}

static void write_prefixes(const struct document *document, const struct prefix_lists *lists,
                           struct json_writer *json)
{
    const struct prefixes *prefixes = &document->insight->prefixes;
    json_writer_name(json, "prefixes");
    json_writer_begin_object(json);
    json_writer_member_text(json, "separators", prefixes->separators);
    json_writer_member_number(json, "depth", prefixes->depth);
    json_writer_member_number(json, "capacity", prefixes_capacity(prefixes));
    json_writer_member_boolean(json, "exact", prefixes_are_exact(prefixes));
    document_begin_list(json, "items");
    long_list_put(&lists->list, write_prefix, document, json);
    json_writer_end_array(json);
    json_writer_end_object(json);
}

static void write_type(const struct document *document, int type, const struct long_list *list,
                       struct json_writer *json)
{
    const struct insight *insight = document->insight;
    const struct prefix_sketch *sketch = &insight->prefixes.types[type];
    json_writer_begin_object(json);
    json_writer_member_text(json, "type", insight->counters.types[type].name);
    json_writer_member_number(json, "capacity", sketch->capacity);
    json_writer_member_boolean(json, "exact", prefix_sketch_is_exact(sketch));
    document_begin_list(json, "items");
    long_list_put(list, write_prefix, document, json);
    json_writer_end_array(json);
    json_writer_end_object(json);
}

/* A type none of whose names has a prefix is not told. */
static void write_types(const struct document *document, const struct prefix_lists *lists,
                        struct json_writer *json)
{
    if (!document->insight->setup.prefixes_by_type)
        return;
    document_begin_list(json, "prefixes_by_type");
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++) {
        if (lists->of_type[type])
            write_type(document, type, &lists->types[type], json);
    }
    json_writer_end_array(json);
}

static void release(struct rankings *rankings, struct prefix_lists *prefixes)
{
    for (int i = 0; i < LEADERS_RANKINGS; i++)
        free(rankings->leaders[i]);
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++)
        free(prefixes->of_type[type]);
    free(prefixes->items);
}

static void write_left_out(struct json_writer *json, const struct left_out *left_out)
{
    const struct {
        const char *name;
        int64_t entries;
    } members[] = {{"largest_by_bytes", left_out->by_bytes},
                   {"largest_by_size", left_out->by_size},
                   {"prefixes", left_out->prefixes},
                   {"prefixes_by_type", left_out->prefixes_by_type}};
    bool any = false;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].entries == 0)
            continue;
        if (!any) {
            json_writer_name(json, "left_out");
            json_writer_begin_object(json);
        }
        any = true;
        json_writer_member_number(json, members[i].name, members[i].entries);
    }
    if (any)
        json_writer_end_object(json);
}

/* How long the whole is is known before it is written, so that its buffer grows once. */
int64_t document_write_lists(const struct document *document, size_t room, struct json_writer *json)
{
    struct left_out left_out = {0};
    struct prefix_lists prefixes = {0};
    struct rankings rankings;
    room -= room < OVERHEAD ? room : OVERHEAD;
    size_t used = fit_prefixes(document, room / 4, &prefixes, &left_out);
    used += fit_types(document, room / 4, &prefixes, &left_out);
    used += fit_rankings(document, room - used, &rankings, &left_out);
    json_writer_reserve(json, used + OVERHEAD);
    write_rankings(document, &rankings, json);
    write_prefixes(document, &prefixes, json);
    write_types(document, &prefixes, json);
    write_left_out(json, &left_out);
    int64_t written = (int64_t)rankings.lists[LEADERS_BY_BYTES].fitting;
    release(&rankings, &prefixes);
    return written;
}
