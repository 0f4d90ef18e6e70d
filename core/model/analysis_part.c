/* The table of parts. */
#include "model/analysis_part.h"

#include <stdio.h>
#include <string.h>

const struct analysis_part analysis_parts[] = {
    {"keys", "{largest_by_bytes}", "{largest_by_size}", NULL,
     "{name,binary,name_cut,name_hash,type,db,shard,bytes,size,unit,ttl_ms,encoding,idle_s,freq}"},
    {"keys_by_size", "{largest_by_size}", NULL, NULL,
     "{name,binary,name_cut,name_hash,type,db,shard,bytes,size,unit,ttl_ms,encoding,idle_s,freq}"},
    {"prefixes", "{prefixes,items}", NULL, NULL,
     "{prefix,binary,depth,keys,keys_error,bytes,bytes_error,keys_without_ttl,bytes_without_ttl}"},
    {"prefixes_by_type", "{prefixes_by_type}", NULL, "items",
     "{type,prefix,binary,depth,keys,keys_error,bytes,bytes_error,keys_without_ttl,"
     "bytes_without_ttl}"},
    {"types", "{types}", NULL, NULL,
     "{type,keys,bytes,elements,keys_without_ttl,bytes_without_ttl,largest_bytes,largest_size}"},
    {"encodings", "{types}", NULL, "encodings", "{type,encoding,keys,bytes}"},
    {"databases", "{databases}", NULL, NULL, "{db,keys,bytes,keys_without_ttl,bytes_without_ttl}"},
    {"shards", "{shards}", NULL, NULL, "{shard,keys,bytes,keys_without_ttl,bytes_without_ttl}"},
    {"ttl", "{ttl_histogram}", NULL, NULL, "{from_s,to_s,keys,bytes}"},
    {"sizes", "{size_histogram}", NULL, NULL, "{from,to,keys,bytes}"},
    {"idle", "{idle_histogram}", NULL, NULL, "{from_s,to_s,keys,bytes}"},
    {"frequency", "{frequency_histogram}", NULL, NULL, "{from,to,keys,bytes}"},
    {0},
};

const struct analysis_part *analysis_part_find(struct text name)
{
    for (const struct analysis_part *part = analysis_parts; part->name; part++) {
        if (text_equals(text_of(part->name), name))
            return part;
    }
    return NULL;
}

static bool is_text(struct text member)
{
    static const char *const names[] = {"name", "prefix", "type", "shard", "unit", "encoding"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equals(text_of(names[i]), member))
            return true;
    }
    return false;
}

int analysis_part_list(const char *names,
                       struct analysis_part_member ret_members[ANALYSIS_PART_MEMBERS_MAX])
{
    int count = 0;
    for (const char *place = names + 1; count < ANALYSIS_PART_MEMBERS_MAX;) {
        size_t length = strcspn(place, ",}");
        struct analysis_part_member *member = &ret_members[count++];
        snprintf(member->name, sizeof(member->name), "%.*s", (int)length, place);
        member->is_text = is_text((struct text){place, length});
        if (place[length] == '}')
            break;
        place += length + 1;
    }
    return count;
}
