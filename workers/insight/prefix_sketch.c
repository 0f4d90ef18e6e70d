/* An entry is one cache line; the texts lie beside each other and are moved together whenever the
 * table is thinned, which is once in at least 2 * PREFIX_CAPACITY new prefixes. */
#include "prefix_sketch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SLOTS = 2 * PREFIX_ENTRIES_MAX, TEXTS_LEAST = 1 << 14 };

/* At least half of the texts is free after a thinning. */
_Static_assert(2 * PREFIX_CAPACITY_LEAST * PREFIX_LENGTH_MAX <= PREFIX_TEXTS_MAX / 2,
               "long prefixes have room");

static void *allocated(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

size_t prefix_sketch_size_most(void)
{
    return PREFIX_ENTRIES_MAX * sizeof(struct prefix_entry) + INDEX_SLOTS * sizeof(uint64_t) +
           PREFIX_TEXTS_MAX;
}

void prefix_sketch_init(struct prefix_sketch *sketch)
{
    *sketch = (struct prefix_sketch){.texts_capacity = TEXTS_LEAST, .capacity = PREFIX_CAPACITY};
    sketch->entries = allocated(malloc(PREFIX_ENTRIES_MAX * sizeof(*sketch->entries)));
    sketch->index = allocated(calloc(INDEX_SLOTS, sizeof(*sketch->index)));
    sketch->texts = allocated(malloc(TEXTS_LEAST));
}

void prefix_sketch_release(struct prefix_sketch *sketch)
{
    free(sketch->entries);
    free(sketch->index);
    free(sketch->texts);
    *sketch = (struct prefix_sketch){0};
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static size_t slot_of(uint64_t hash)
{
    return hash % INDEX_SLOTS;
}

void prefix_sketch_prefetch(const struct prefix_sketch *sketch, uint64_t hash)
{
    if (sketch->index)
        __builtin_prefetch(&sketch->index[slot_of(hash)]);
}

struct text prefix_sketch_text(const struct prefix_sketch *sketch, const struct prefix_entry *entry)
{
    return (struct text){sketch->texts + entry->text, entry->length};
}

int64_t prefix_sketch_left(const struct prefix_sketch *sketch, const struct prefix_entry *entry,
                           enum prefix_weight weight)
{
    return entry->counts[weight] + entry->errors[weight] - sketch->floors[weight];
}

bool prefix_sketch_is_exact(const struct prefix_sketch *sketch)
{
    return sketch->floors[PREFIX_KEYS] == 0 && sketch->floors[PREFIX_BYTES] == 0;
}

/* The entry's slot, or the free one where it would be. */
static size_t find_slot(const struct prefix_sketch *sketch, uint64_t hash, struct text prefix)
{
    size_t slot = slot_of(hash);
    for (; sketch->index[slot]; slot = (slot + 1) % INDEX_SLOTS) {
        if (tag_of(sketch->index[slot]) != tag_of(hash))
            continue;
        const struct prefix_entry *entry = &sketch->entries[(uint32_t)sketch->index[slot] - 1];
        if (entry->hash == hash && text_equals(prefix_sketch_text(sketch, entry), prefix))
            break;
    }
    return slot;
}

static struct prefix_entry *entry_at(const struct prefix_sketch *sketch, size_t slot)
{
    return sketch->index[slot] ? &sketch->entries[(uint32_t)sketch->index[slot] - 1] : NULL;
}

const struct prefix_entry *prefix_sketch_find(const struct prefix_sketch *sketch, uint64_t hash,
                                              struct text prefix)
{
    return entry_at(sketch, find_slot(sketch, hash, prefix));
}

static void place(struct prefix_sketch *sketch, size_t slot, uint32_t entry)
{
    uint64_t tag = (uint64_t)tag_of(sketch->entries[entry].hash) << 32;
    sketch->index[slot] = tag | (entry + 1);
}

static uint32_t keep_text(struct prefix_sketch *sketch, struct text prefix)
{
    while (sketch->texts_capacity - sketch->texts_length < prefix.length) {
        sketch->texts_capacity *= 2;
        assert(sketch->texts_capacity <= PREFIX_TEXTS_MAX);
        sketch->texts = allocated(realloc(sketch->texts, sketch->texts_capacity));
    }
    memcpy(sketch->texts + sketch->texts_length, prefix.bytes, prefix.length);
    sketch->texts_length += (uint32_t)prefix.length;
    return sketch->texts_length - (uint32_t)prefix.length;
}

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* The nth largest, n from 1; the numbers are put into another order.  Most are alike where most
 * prefixes are rare, so those that equal the pivot are set apart. */
static int64_t nth_largest(int64_t *numbers, size_t count, size_t n)
{
    uint32_t random = 2463534242;
    size_t first = 0, end = count, place = n - 1;
    for (;;) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        int64_t pivot = numbers[first + random % (end - first)];
        size_t above = first, below = end;
        for (size_t i = first; i < below;) {
            if (numbers[i] > pivot)
                swap(&numbers[i++], &numbers[above++]);
            else if (numbers[i] < pivot)
                swap(&numbers[i], &numbers[--below]);
            else
                i++;
        }
        if (place < above)
            end = above;
        else if (place >= below)
            first = below;
        else
            return pivot;
    }
}

void prefix_sketch_rises(const struct prefix_sketch *sketch, int capacity,
                         int64_t ret_rises[PREFIX_WEIGHTS])
{
    int64_t left[PREFIX_ENTRIES_MAX];
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++) {
        ret_rises[weight] = 0;
        if (sketch->count < (uint32_t)capacity)
            continue;
        for (uint32_t i = 0; i < sketch->count; i++)
            left[i] = prefix_sketch_left(sketch, &sketch->entries[i], (enum prefix_weight)weight);
        int64_t rise = nth_largest(left, sketch->count, (size_t)capacity);
        ret_rises[weight] = rise > 0 ? rise : 0;
    }
}

static void index_all(struct prefix_sketch *sketch)
{
    memset(sketch->index, 0, INDEX_SLOTS * sizeof(*sketch->index));
    for (uint32_t i = 0; i < sketch->count; i++) {
        size_t slot = slot_of(sketch->entries[i].hash);
        while (sketch->index[slot])
            slot = (slot + 1) % INDEX_SLOTS;
        place(sketch, slot, i);
    }
}

/* Texts are in the order of their entries, so that none is overwritten before it was moved. */
static void thin_to(struct prefix_sketch *sketch, int capacity)
{
    int64_t rises[PREFIX_WEIGHTS];
    uint32_t kept = 0, texts = 0;
    prefix_sketch_rises(sketch, capacity, rises);
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++)
        sketch->floors[weight] += rises[weight];
    for (uint32_t i = 0; i < sketch->count; i++) {
        struct prefix_entry *entry = &sketch->entries[i];
        if (prefix_sketch_left(sketch, entry, PREFIX_KEYS) <= 0 &&
            prefix_sketch_left(sketch, entry, PREFIX_BYTES) <= 0)
            continue;
        memmove(sketch->texts + texts, sketch->texts + entry->text, entry->length);
        entry->text = texts;
        texts += entry->length;
        sketch->entries[kept++] = *entry;
    }
    sketch->count = kept;
    sketch->texts_length = texts;
    index_all(sketch);
}

/* Fewer than two entries for each of the capacity are left; so it ends. */
static void thin(struct prefix_sketch *sketch)
{
    int capacity = PREFIX_CAPACITY;
    thin_to(sketch, capacity);
    while (sketch->texts_length > PREFIX_TEXTS_MAX / 2) {
        capacity /= 2;
        thin_to(sketch, capacity);
    }
    if (capacity < sketch->capacity)
        sketch->capacity = capacity;
}

static bool is_full(const struct prefix_sketch *sketch, struct text prefix)
{
    return sketch->count == PREFIX_ENTRIES_MAX ||
           sketch->texts_length + prefix.length > PREFIX_TEXTS_MAX;
}

static struct prefix_entry *take_in(struct prefix_sketch *sketch, size_t slot, uint64_t hash,
                                    struct text prefix)
{
    if (is_full(sketch, prefix)) {
        thin(sketch);
        slot = find_slot(sketch, hash, prefix);
    }
    struct prefix_entry *entry = &sketch->entries[sketch->count];
    *entry = (struct prefix_entry){
        .hash = hash, .text = keep_text(sketch, prefix), .length = (uint32_t)prefix.length};
    memcpy(entry->errors, sketch->floors, sizeof(entry->errors));
    place(sketch, slot, sketch->count++);
    return entry;
}

void prefix_sketch_add(struct prefix_sketch *sketch, uint64_t hash, struct text prefix,
                       int64_t bytes, bool persistent)
{
    size_t slot = find_slot(sketch, hash, prefix);
    struct prefix_entry *entry = entry_at(sketch, slot);
    if (!entry)
        entry = take_in(sketch, slot, hash, prefix);
    entry->counts[PREFIX_KEYS]++;
    entry->counts[PREFIX_BYTES] += bytes;
    entry->persistent[PREFIX_KEYS] += persistent;
    entry->persistent[PREFIX_BYTES] += persistent ? bytes : 0;
}

static void add_up(int64_t sum[PREFIX_WEIGHTS], const int64_t more[PREFIX_WEIGHTS])
{
    for (int weight = 0; weight < PREFIX_WEIGHTS; weight++)
        sum[weight] += more[weight];
}

/* What the other has and the sketch has not. */
static void take_in_from(struct prefix_sketch *sketch, const struct prefix_entry *more,
                         struct text prefix, const int64_t missed[PREFIX_WEIGHTS])
{
    struct prefix_entry merged = *more;
    add_up(merged.errors, missed);
    if (prefix_sketch_left(sketch, &merged, PREFIX_KEYS) <= 0 &&
        prefix_sketch_left(sketch, &merged, PREFIX_BYTES) <= 0)
        return;
    struct prefix_entry *entry =
        take_in(sketch, find_slot(sketch, more->hash, prefix), more->hash, prefix);
    memcpy(entry->counts, merged.counts, sizeof(entry->counts));
    memcpy(entry->errors, merged.errors, sizeof(entry->errors));
    memcpy(entry->persistent, merged.persistent, sizeof(entry->persistent));
}

/* Each may have missed of an entry that it does not have as much as its floors. */
void prefix_sketch_merge(struct prefix_sketch *sketch, const struct prefix_sketch *other)
{
    bool shared[PREFIX_ENTRIES_MAX] = {false};
    int64_t missed[PREFIX_WEIGHTS];
    memcpy(missed, sketch->floors, sizeof(missed));
    for (uint32_t i = 0; i < sketch->count; i++) {
        struct prefix_entry *entry = &sketch->entries[i];
        const struct prefix_entry *more =
            prefix_sketch_find(other, entry->hash, prefix_sketch_text(sketch, entry));
        add_up(entry->errors, more ? more->errors : other->floors);
        if (!more)
            continue;
        add_up(entry->counts, more->counts);
        add_up(entry->persistent, more->persistent);
        shared[more - other->entries] = true;
    }
    add_up(sketch->floors, other->floors);
    if (other->capacity < sketch->capacity)
        sketch->capacity = other->capacity;
    for (uint32_t i = 0; i < other->count; i++) {
        const struct prefix_entry *more = &other->entries[i];
        if (!shared[i])
            take_in_from(sketch, more, prefix_sketch_text(other, more), missed);
    }
}

bool prefix_sketch_restore(struct prefix_sketch *sketch, uint64_t hash, struct text prefix,
                           const struct prefix_entry *saved)
{
    size_t slot = find_slot(sketch, hash, prefix);
    if (sketch->index[slot] || sketch->count == PREFIX_ENTRIES_MAX)
        return false;
    struct prefix_entry *entry = take_in(sketch, slot, hash, prefix);
    memcpy(entry->counts, saved->counts, sizeof(entry->counts));
    memcpy(entry->errors, saved->errors, sizeof(entry->errors));
    memcpy(entry->persistent, saved->persistent, sizeof(entry->persistent));
    return true;
}
