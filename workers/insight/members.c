/* What an offline analysis came to, in the words of the DCS v2 API, whose clients have 32 bits for
 * a number. */
#include <stdlib.h>

#include "document.h"
#include "long_list.h"

enum { LARGEST_NUMBER = INT32_MAX };

struct type_prefixes {
    const char *type;
    struct prefix_item *items;
};

static void write_number(struct json_writer *json, const char *name, int64_t number)
{
    int64_t most = number < LARGEST_NUMBER ? number : LARGEST_NUMBER;
    json_writer_member_number(json, name, most > 0 ? most : 0);
}

static void write_prefix(const void *argument, const void *items, size_t place,
                         struct json_writer *json)
{
    const struct type_prefixes *prefixes = items;
    const struct prefix_item *item = &prefixes->items[place];
    const struct prefix_entry *entry = &item->entry;
    const struct kept_name name = kept_name_of(item->prefix);
    (void)argument;
    json_writer_begin_object(json);
    json_writer_name(json, "key_prefix");
    key_name_write(json, &name, text_is_utf8(item->prefix.bytes, item->prefix.length));
    json_writer_member_text(json, "type", prefixes->type);
    write_number(json, "bytes", entry->counts[PREFIX_BYTES] + entry->errors[PREFIX_BYTES]);
    write_number(json, "num", entry->counts[PREFIX_KEYS] + entry->errors[PREFIX_KEYS]);
    json_writer_end_object(json);
}

static void write_prefixes(const struct insight *insight, size_t room, struct json_writer *json)
{
    struct type_prefixes prefixes[INSIGHT_TYPES_BUILT_IN];
    struct long_list lists[INSIGHT_TYPES_BUILT_IN];
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++) {
        prefixes[type].type = insight->counters.types[type].name;
        prefixes[type].items =
            prefixes_choose_of_type(&insight->prefixes, type, &lists[type].count);
        lists[type].items = &prefixes[type];
    }
    long_lists_fit(lists, INSIGHT_TYPES_BUILT_IN, room, write_prefix, NULL);
    document_begin_list(json, "largest_key_prefixes");
    for (int type = 0; type < INSIGHT_TYPES_BUILT_IN; type++) {
        long_list_put(&lists[type], write_prefix, NULL, json);
        free(prefixes[type].items);
    }
    json_writer_end_array(json);
}

static void write_key(const void *argument, const void *items, size_t place,
                      struct json_writer *json)
{
    const struct insight *insight = argument;
    const struct leader *leader = ((const struct leader *const *)items)[place];
    const struct kept_name name = leader_name(leader);
    json_writer_begin_object(json);
    json_writer_name(json, "key");
    key_name_write(json, &name, leader->utf8);
    json_writer_member_text(json, "type", insight->counters.types[leader->type].name);
    write_number(json, "bytes", leader->bytes);
    write_number(json, "num_of_elem", leader->size);
    json_writer_end_object(json);
}

static void write_keys(const struct insight *insight, size_t room, struct json_writer *json)
{
    uint32_t count;
    const struct leader **leaders = leaders_sort(&insight->leaders, LEADERS_BY_BYTES, &count);
    struct long_list list = {.items = leaders,
                             .count = count < INSIGHT_MEMBERS_TOP ? count : INSIGHT_MEMBERS_TOP};
    json_writer_reserve(json, long_lists_fit(&list, 1, room, write_key, insight));
    document_begin_list(json, "largest_keys");
    long_list_put(&list, write_key, insight, json);
    json_writer_end_array(json);
    free(leaders);
}

static void write_types(const struct insight *insight, const char *list, const char *member,
                        bool bytes, struct json_writer *json)
{
    int places[INSIGHT_TYPES_MAX], count = document_list_types(insight, places);
    document_begin_list(json, list);
    for (int i = 0; i < count; i++) {
        const struct type_counters *type = &insight->counters.types[places[i]];
        json_writer_begin_object(json);
        json_writer_member_text(json, "type", type->name);
        write_number(json, member, bytes ? type->sum.bytes : type->sum.keys);
        json_writer_end_object(json);
    }
    json_writer_end_array(json);
}

void insight_write_members(const struct insight *insight, struct json_writer *json)
{
    write_prefixes(insight, INSIGHT_MEMBERS_MAX / 3, json);
    write_keys(insight, INSIGHT_MEMBERS_MAX / 2, json);
    write_number(json, "total_bytes", insight->counters.total.bytes);
    write_number(json, "total_num", insight->counters.total.keys);
    write_types(insight, "type_bytes", "bytes", true, json);
    write_types(insight, "type_num", "num", false, json);
}
