/* Which prefixes are told: the heaviest, and what they are in. */
#include "prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "name_hash.h"

struct choice {
    const struct prefixes *prefixes;
    struct prefix_item *items;
    size_t count;
};

static void *allocated(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static int compare_texts(struct text a, struct text b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.bytes, b.bytes, common);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_prefixes(const void *a, const void *b)
{
    const struct prefix_item *one = a, *other = b;
    return compare_texts(one->prefix, other->prefix);
}

static int compare_weights(const struct prefix_item *a, const struct prefix_item *b,
                           enum prefix_weight weight)
{
    if (a->entry.counts[weight] != b->entry.counts[weight])
        return a->entry.counts[weight] > b->entry.counts[weight] ? -1 : 1;
    return compare_texts(a->prefix, b->prefix);
}

static int compare_keys(const void *a, const void *b)
{
    return compare_weights(a, b, PREFIX_KEYS);
}

static int compare_bytes(const void *a, const void *b)
{
    return compare_weights(a, b, PREFIX_BYTES);
}

/* A prefix ends after as many separators as its depth. */
static int depth_of(const struct prefixes *prefixes, struct text prefix)
{
    int depth = 0;
    for (size_t i = 0; i < prefix.length; i++)
        depth += prefixes->ends[(unsigned char)prefix.bytes[i]];
    return depth;
}

static size_t list_sketch(const struct prefixes *prefixes, const struct prefix_sketch *sketch,
                          struct prefix_item *ret_items)
{
    for (uint32_t i = 0; i < sketch->count; i++) {
        struct text text = prefix_sketch_text(sketch, &sketch->entries[i]);
        ret_items[i] = (struct prefix_item){text, depth_of(prefixes, text), sketch->entries[i]};
    }
    return sketch->count;
}

static struct prefix_item *list(const struct prefixes *prefixes, size_t *ret_count)
{
    size_t count = 0, place = 0;
    for (int i = 0; i < prefixes->depth; i++)
        count += prefixes->sketches[i].count;
    struct prefix_item *items = allocated(calloc(count + 1, sizeof(*items)));
    for (int i = 0; i < prefixes->depth; i++)
        place += list_sketch(prefixes, &prefixes->sketches[i], items + place);
    *ret_count = count;
    return items;
}

/* One that is not in the table may have as much as the floors, and nothing is certain of it. */
static struct prefix_item item_of(const struct prefixes *prefixes, int depth, uint64_t hash,
                                  struct text prefix)
{
    const struct prefix_sketch *sketch = &prefixes->sketches[depth - 1];
    struct prefix_item item = {prefix, depth, {0}};
    const struct prefix_entry *entry = prefix_sketch_find(sketch, hash, prefix);
    if (entry)
        item.entry = *entry;
    else
        memcpy(item.entry.errors, sketch->floors, sizeof(item.entry.errors));
    return item;
}

/* The prefix and its ancestors. */
static void choose(struct choice *choice, const struct prefix_item *item)
{
    const struct prefixes *prefixes = choice->prefixes;
    uint64_t hash = name_hash_begin();
    size_t begin = 0;
    int depth = 0;
    for (size_t i = 0; i < item->prefix.length; i++) {
        if (!prefixes->ends[(unsigned char)item->prefix.bytes[i]])
            continue;
        hash = name_hash_add(hash, item->prefix.bytes + begin, i + 1 - begin);
        begin = i + 1;
        choice->items[choice->count++] =
            item_of(prefixes, ++depth, hash, (struct text){item->prefix.bytes, begin});
    }
}

static void sort_out(struct choice *choice)
{
    size_t kept = 0;
    qsort(choice->items, choice->count, sizeof(*choice->items), compare_prefixes);
    for (size_t i = 0; i < choice->count; i++) {
        if (kept > 0 && compare_prefixes(&choice->items[kept - 1], &choice->items[i]) == 0)
            continue;
        choice->items[kept++] = choice->items[i];
    }
    choice->count = kept;
}

static void choose_heaviest(struct choice *choice, const struct prefix_item *sorted, size_t most,
                            enum prefix_weight weight)
{
    for (size_t i = 0; i < most && sorted[i].entry.counts[weight] > 0; i++)
        choose(choice, &sorted[i]);
    sort_out(choice);
}

struct prefix_item *prefixes_choose(const struct prefixes *prefixes, size_t most, size_t *ret_count)
{
    size_t count;
    struct choice choice = {.prefixes = prefixes};
    struct prefix_item *by_keys = list(prefixes, &count), *by_bytes = list(prefixes, &count);
    choice.items =
        allocated(calloc(2 * PREFIX_ITEMS_HEAVIEST * ANALYSIS_DEPTH_MAX, sizeof(*choice.items)));
    qsort(by_keys, count, sizeof(*by_keys), compare_keys);
    qsort(by_bytes, count, sizeof(*by_bytes), compare_bytes);
    most = count < most ? count : most;
    do {
        choice.count = 0;
        choose_heaviest(&choice, by_bytes, most, PREFIX_BYTES);
        choose_heaviest(&choice, by_keys, most, PREFIX_KEYS);
        most /= 2;
    } while (choice.count > PREFIX_ITEMS_MAX);
    free(by_keys);
    free(by_bytes);
    *ret_count = choice.count;
    return choice.items;
}

/* By the figures that are shown. */
static int compare_shown_bytes(const void *a, const void *b)
{
    const struct prefix_item *one = a, *other = b;
    int64_t bytes = one->entry.counts[PREFIX_BYTES] + one->entry.errors[PREFIX_BYTES];
    int64_t others = other->entry.counts[PREFIX_BYTES] + other->entry.errors[PREFIX_BYTES];
    return bytes != others ? (bytes > others ? -1 : 1) : compare_prefixes(a, b);
}

struct prefix_item *prefixes_choose_of_type(const struct prefixes *prefixes, int type,
                                            size_t *ret_count)
{
    *ret_count = 0;
    if (type >= prefixes->type_count || !prefixes->types[type].entries)
        return NULL;
    const struct prefix_sketch *sketch = &prefixes->types[type];
    struct prefix_item *items = allocated(calloc(sketch->count, sizeof(*items)));
    size_t listed = list_sketch(prefixes, sketch, items), count = 0;
    qsort(items, listed, sizeof(*items), compare_bytes);
    while (count < listed && count < PREFIX_ITEMS_HEAVIEST &&
           items[count].entry.counts[PREFIX_BYTES] > 0)
        count++;
    qsort(items, count, sizeof(*items), compare_shown_bytes);
    *ret_count = count;
    return items;
}
