/* A pool of keys, an index of it by name, and heaps of places in it, which every key knows its own
 * places in. */
#include "leaders.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Sparse: that a key has no place is mostly told by one empty slot. */
enum { INDEX_LEAST = 1024, INDEX_SLOTS_PER_KEY = 8, POOL_LEAST = 64 };
enum { ALLOCATION_OVERHEAD = 24 /* bytes, of a name */ };

_Static_assert(INSIGHT_NAMES_MAX / (LEADERS_RANKINGS * ANALYSIS_TOP_MAX) >= RANKED_NAME_LEAST &&
                   (int)INSIGHT_MEMBERS_TOP <= (int)ANALYSIS_TOP_MAX,
               "of each name enough is kept");

static void *allocated(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* A key may be in two rankings, and be kept once; each may be in one only. */
static uint32_t name_most(uint32_t top)
{
    uint32_t most = INSIGHT_NAMES_MAX / (LEADERS_RANKINGS * top);
    return most < RANKED_NAME_MAX ? most : RANKED_NAME_MAX;
}

size_t leaders_size_most(uint32_t top)
{
    size_t places = (size_t)LEADERS_RANKINGS * top;
    size_t entry = sizeof(struct leader) + ALLOCATION_OVERHEAD + name_most(top) + 1;
    size_t indexes = sizeof(uint32_t) * 2 + sizeof(uint64_t) * 2 * INDEX_SLOTS_PER_KEY;
    return places * (entry + indexes);
}

void leaders_init(struct leaders *leaders, const struct insight_setup *setup)
{
    int top = setup->options.top;
    if (setup->top_kept > top)
        top = setup->top_kept;
    *leaders = (struct leaders){.top = (uint32_t)top,
                                .name_most = name_most((uint32_t)top),
                                .by_bytes_only = setup->sizes_of_heaviest,
                                .slot_of = setup->slot_of,
                                .index_size = INDEX_LEAST};
    leaders->index = allocated(calloc(INDEX_LEAST, sizeof(*leaders->index)));
}

void leaders_release(struct leaders *leaders)
{
    for (uint32_t i = 0; i < leaders->pool_count; i++)
        free(leaders->pool[i].name);
    for (int i = 0; i < LEADERS_RANKINGS; i++)
        free(leaders->heaps[i].items);
    free(leaders->pool);
    free(leaders->free_places);
    free(leaders->index);
    *leaders = (struct leaders){0};
}

struct kept_name leader_name(const struct leader *leader)
{
    return (struct kept_name){leader->name, leader->kept, leader->length, leader->name_hash};
}

static int ranking_of(const struct leader *leader)
{
    return LEADERS_BY_SIZE + leader->type;
}

/* INSIGHT_UNKNOWN: it does not take part. */
static int64_t score_of(const struct leaders *leaders, int ranking, const struct leader *leader)
{
    if (ranking == LEADERS_BY_BYTES || leaders->by_bytes_only)
        return leader->bytes;
    return leader->size;
}

/* Positive where a is weaker than b. */
static int compare(const struct leaders *leaders, int ranking, const struct leader *a,
                   const struct leader *b)
{
    int64_t one = score_of(leaders, ranking, a), other = score_of(leaders, ranking, b);
    if (one != other)
        return one < other ? 1 : -1;
    struct kept_name a_name = leader_name(a), b_name = leader_name(b);
    int order = kept_name_compare(&a_name, &b_name);
    return order != 0 ? order : (a->db > b->db) - (a->db < b->db);
}

/* The index. */

static size_t slot_of(const struct leaders *leaders, uint64_t hash)
{
    return hash & (leaders->index_size - 1);
}

static bool is_named(const struct leader *leader, uint64_t hash, int db,
                     const struct kept_name *name)
{
    struct kept_name own = leader_name(leader);
    return leader->hash == hash && leader->db == db && own.length == name->length &&
           kept_name_compare(&own, name) == 0;
}

static size_t find_slot(const struct leaders *leaders, uint64_t hash, int db,
                        const struct kept_name *name)
{
    size_t slot = slot_of(leaders, hash);
    for (; leaders->index[slot]; slot = (slot + 1) & (leaders->index_size - 1)) {
        if (leaders->index[slot] >> 32 == hash >> 32 &&
            is_named(&leaders->pool[(uint32_t)leaders->index[slot] - 1], hash, db, name))
            break;
    }
    return slot;
}

static void put_in_index(struct leaders *leaders, uint32_t place)
{
    uint64_t hash = leaders->pool[place].hash;
    size_t slot = slot_of(leaders, hash);
    while (leaders->index[slot])
        slot = (slot + 1) & (leaders->index_size - 1);
    leaders->index[slot] = (hash >> 32 << 32) | (place + 1);
}

/* What follows without a gap is put in anew, so that it is found without the one that goes. */
static void drop_from_index(struct leaders *leaders, uint32_t place)
{
    size_t mask = leaders->index_size - 1, slot = slot_of(leaders, leaders->pool[place].hash);
    while ((uint32_t)leaders->index[slot] != place + 1)
        slot = (slot + 1) & mask;
    leaders->index[slot] = 0;
    for (slot = (slot + 1) & mask; leaders->index[slot]; slot = (slot + 1) & mask) {
        uint32_t moved = (uint32_t)leaders->index[slot] - 1;
        leaders->index[slot] = 0;
        put_in_index(leaders, moved);
    }
}

static void grow_index(struct leaders *leaders)
{
    free(leaders->index);
    leaders->index_size *= 2;
    leaders->index = allocated(calloc(leaders->index_size, sizeof(*leaders->index)));
    for (uint32_t i = 0; i < leaders->pool_count; i++) {
        if (leaders->pool[i].name)
            put_in_index(leaders, i);
    }
}

/* The pool. */

static uint32_t take_place(struct leaders *leaders)
{
    if (leaders->free_count > 0)
        return leaders->free_places[--leaders->free_count];
    if (leaders->pool_count == leaders->pool_capacity) {
        leaders->pool_capacity = leaders->pool_capacity ? 2 * leaders->pool_capacity : POOL_LEAST;
        leaders->pool =
            allocated(realloc(leaders->pool, leaders->pool_capacity * sizeof(*leaders->pool)));
        leaders->free_places = allocated(
            realloc(leaders->free_places, leaders->pool_capacity * sizeof(*leaders->free_places)));
    }
    if (INDEX_SLOTS_PER_KEY * (leaders->pool_count + 1) > leaders->index_size)
        grow_index(leaders);
    leaders->pool[leaders->pool_count] = (struct leader){0};
    return leaders->pool_count++;
}

/* Its name is copied. */
static uint32_t take_in(struct leaders *leaders, const struct leader *leader)
{
    uint32_t place = take_place(leaders);
    struct leader *kept = &leaders->pool[place];
    *kept = *leader;
    kept->places[0] = kept->places[1] = 0;
    kept->name = text_copy(leader->name, leader->kept);
    put_in_index(leaders, place);
    return place;
}

static void drop_when_unranked(struct leaders *leaders, uint32_t place)
{
    struct leader *leader = &leaders->pool[place];
    if (leader->places[0] || leader->places[1])
        return;
    drop_from_index(leaders, place);
    free(leader->name);
    *leader = (struct leader){0};
    leaders->free_places[leaders->free_count++] = place;
}

/* The heaps. */

static uint32_t *place_in(struct leaders *leaders, int ranking, uint32_t item)
{
    return &leaders->pool[item].places[ranking != LEADERS_BY_BYTES];
}

static void put(struct leaders *leaders, int ranking, uint32_t at, uint32_t item)
{
    leaders->heaps[ranking].items[at] = item;
    *place_in(leaders, ranking, item) = at + 1;
}

static bool is_weaker(const struct leaders *leaders, int ranking, uint32_t a, uint32_t b)
{
    return compare(leaders, ranking, &leaders->pool[a], &leaders->pool[b]) > 0;
}

static void sift_up(struct leaders *leaders, int ranking, uint32_t at)
{
    const struct ranking_heap *heap = &leaders->heaps[ranking];
    uint32_t item = heap->items[at];
    while (at > 0 && is_weaker(leaders, ranking, item, heap->items[(at - 1) / 2])) {
        put(leaders, ranking, at, heap->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(leaders, ranking, at, item);
}

static void sift_down(struct leaders *leaders, int ranking, uint32_t at)
{
    const struct ranking_heap *heap = &leaders->heaps[ranking];
    uint32_t item = heap->items[at];
    for (uint32_t child; (child = 2 * at + 1) < heap->count; at = child) {
        if (child + 1 < heap->count &&
            is_weaker(leaders, ranking, heap->items[child + 1], heap->items[child]))
            child++;
        if (!is_weaker(leaders, ranking, heap->items[child], item))
            break;
        put(leaders, ranking, at, heap->items[child]);
    }
    put(leaders, ranking, at, item);
}

static void leave(struct leaders *leaders, int ranking, uint32_t item)
{
    struct ranking_heap *heap = &leaders->heaps[ranking];
    uint32_t *place = place_in(leaders, ranking, item), at = *place - 1;
    if (*place == 0)
        return;
    *place = 0;
    uint32_t last = heap->items[--heap->count];
    if (at == heap->count)
        return;
    put(leaders, ranking, at, last);
    sift_up(leaders, ranking, at);
    sift_down(leaders, ranking, *place_in(leaders, ranking, last) - 1);
}

static void grow_heap(struct ranking_heap *heap, uint32_t top)
{
    if (heap->count < heap->capacity)
        return;
    uint32_t capacity = heap->capacity ? 2 * heap->capacity : POOL_LEAST;
    heap->capacity = capacity < top ? capacity : top;
    heap->items = allocated(realloc(heap->items, heap->capacity * sizeof(*heap->items)));
}

static void enter(struct leaders *leaders, int ranking, uint32_t item)
{
    struct ranking_heap *heap = &leaders->heaps[ranking];
    if (heap->count == leaders->top) {
        uint32_t weakest = heap->items[0];
        leave(leaders, ranking, weakest);
        drop_when_unranked(leaders, weakest);
    }
    grow_heap(heap, leaders->top);
    put(leaders, ranking, heap->count, item);
    sift_up(leaders, ranking, heap->count++);
}

static bool admits(const struct leaders *leaders, int ranking, const struct leader *leader)
{
    const struct ranking_heap *heap = &leaders->heaps[ranking];
    int64_t score = score_of(leaders, ranking, leader);
    if (score < 0)
        return false;
    if (heap->count < leaders->top)
        return true;
    const struct leader *weakest = &leaders->pool[heap->items[0]];
    return score >= score_of(leaders, ranking, weakest) &&
           compare(leaders, ranking, weakest, leader) > 0;
}

/* Of a key. */

static bool is_ranked_by_size(const struct leader *leader)
{
    return leader->type < INSIGHT_TYPES_BUILT_IN;
}

static void rank(struct leaders *leaders, uint32_t item, bool by_bytes, bool by_size)
{
    if (by_bytes)
        enter(leaders, LEADERS_BY_BYTES, item);
    if (by_size)
        enter(leaders, ranking_of(&leaders->pool[item]), item);
}

/* What is said of it now counts, also where that is less than before. */
static void update(struct leaders *leaders, uint32_t item, const struct leader *now)
{
    struct leader *leader = &leaders->pool[item];
    if (leader->places[0])
        leave(leaders, LEADERS_BY_BYTES, item);
    if (leader->places[1])
        leave(leaders, ranking_of(leader), item);
    leader->bytes = now->bytes;
    leader->size = now->size;
    leader->ttl_ms = now->ttl_ms;
    leader->idle_s = now->idle_s;
    leader->type = now->type;
    leader->encoding = now->encoding;
    leader->freq = now->freq;
}

static void offer(struct leaders *leaders, const struct leader *candidate, struct text whole)
{
    struct kept_name name = leader_name(candidate);
    size_t slot = find_slot(leaders, candidate->hash, candidate->db, &name);
    uint32_t item = (uint32_t)leaders->index[slot];
    if (item > 0)
        update(leaders, item - 1, candidate);
    bool by_bytes = admits(leaders, LEADERS_BY_BYTES, candidate);
    bool by_size =
        is_ranked_by_size(candidate) && admits(leaders, ranking_of(candidate), candidate);
    if (!by_bytes && !by_size) {
        if (item > 0)
            drop_when_unranked(leaders, item - 1);
        return;
    }
    if (item == 0) {
        item = take_in(leaders, candidate) + 1;
        struct leader *leader = &leaders->pool[item - 1];
        if (whole.bytes) {
            if (whole.length < leader->length)
                whole = key_name_whole_characters(whole);
            leader->utf8 = text_is_utf8(whole.bytes, whole.length);
            leader->slot = leaders->slot_of ? leaders->slot_of(whole) : 0;
        }
    }
    rank(leaders, item - 1, by_bytes, by_size);
}

/* Of a long name the hash that checkpoints hold as well. */
static uint64_t index_hash(uint64_t hash, int db, const struct kept_name *name)
{
    return (name->kept < name->length ? name->hash : hash) + (uint64_t)(unsigned)db;
}

/* A view: the name is only read, and copied before it is kept. */
static struct leader view_of(const struct leaders *leaders, uint64_t hash, int db, struct text name,
                             size_t length)
{
    struct kept_name kept =
        kept_name_of_part(name, length > name.length ? length : name.length, leaders->name_most);
    struct leader view = {.kept = (uint32_t)kept.kept,
                          .length = kept.length,
                          .name_hash = kept.hash,
                          .hash = index_hash(hash, db, &kept),
                          .db = db};
    memcpy(&view.name, &kept.bytes, sizeof(view.name));
    return view;
}

static bool is_below(const struct leaders *leaders, int ranking, int64_t score)
{
    const struct ranking_heap *heap = &leaders->heaps[ranking];
    return score < 0 || (heap->count == leaders->top &&
                         score < score_of(leaders, ranking, &leaders->pool[heap->items[0]]));
}

/* Nearly every key: it has no place, and is not large enough for one. */
static bool is_nothing(const struct leaders *leaders, uint64_t hash, const struct insight_key *key)
{
    uint64_t indexed = hash + (uint64_t)(unsigned)key->db;
    return key->name.length <= leaders->name_most && key->name_length == 0 &&
           !leaders->index[slot_of(leaders, indexed)] &&
           is_below(leaders, LEADERS_BY_BYTES, key->bytes) &&
           (key->type >= INSIGHT_TYPES_BUILT_IN ||
            is_below(leaders, LEADERS_BY_SIZE + key->type,
                     leaders->by_bytes_only ? key->bytes : key->size));
}

void leaders_offer(struct leaders *leaders, uint64_t hash, const struct insight_key *key)
{
    if (is_nothing(leaders, hash, key))
        return;
    struct leader candidate = view_of(leaders, hash, key->db, key->name, key->name_length);
    candidate.bytes = key->bytes;
    candidate.size = key->size;
    candidate.ttl_ms = key->ttl_ms;
    candidate.idle_s = key->idle_s;
    candidate.type = key->type;
    candidate.encoding = key->encoding;
    candidate.freq = key->freq;
    offer(leaders, &candidate, key->name);
}

void leaders_offer_leader(struct leaders *leaders, const struct leader *leader, int type,
                          int encoding)
{
    struct leader candidate = *leader;
    candidate.type = type;
    candidate.encoding = encoding;
    offer(leaders, &candidate, (struct text){0});
}

struct leader *leaders_find(struct leaders *leaders, uint64_t hash, int db, struct text name)
{
    struct leader view = view_of(leaders, hash, db, name, name.length);
    struct kept_name kept = leader_name(&view);
    size_t slot = find_slot(leaders, view.hash, db, &kept);
    return leaders->index[slot] ? &leaders->pool[(uint32_t)leaders->index[slot] - 1] : NULL;
}

bool leaders_restore(struct leaders *leaders, const struct leader *leader, bool by_bytes,
                     bool by_size)
{
    struct kept_name name = leader_name(leader);
    struct leader own = *leader;
    own.hash = index_hash(own.hash, own.db, &name);
    if (leaders->index[find_slot(leaders, own.hash, own.db, &name)])
        return false;
    by_bytes = by_bytes && admits(leaders, LEADERS_BY_BYTES, &own);
    by_size = by_size && is_ranked_by_size(&own) && admits(leaders, ranking_of(&own), &own);
    if (by_bytes || by_size)
        rank(leaders, take_in(leaders, &own), by_bytes, by_size);
    return true;
}

/* By size where it is known by now, though the heap is by bytes. */
struct order {
    const struct leaders *leaders;
    int ranking;
};

static int compare_places(const void *a, const void *b, void *argument)
{
    const struct order *order = argument;
    const struct leader *one = *(const struct leader *const *)a;
    const struct leader *other = *(const struct leader *const *)b;
    if (order->ranking != LEADERS_BY_BYTES && one->size != other->size)
        return one->size < other->size ? 1 : -1;
    return compare(order->leaders, order->ranking, one, other);
}

const struct leader **leaders_sort(const struct leaders *leaders, int ranking, uint32_t *ret_count)
{
    const struct ranking_heap *heap = &leaders->heaps[ranking];
    struct order order = {leaders, ranking};
    const struct leader **sorted =
        allocated(calloc(heap->count + 1U, sizeof(const struct leader *)));
    for (uint32_t i = 0; i < heap->count; i++)
        sorted[i] = &leaders->pool[heap->items[i]];
    qsort_r(sorted, heap->count, sizeof(const struct leader *), compare_places, &order);
    *ret_count = heap->count;
    return sorted;
}
