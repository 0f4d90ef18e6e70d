/* The difference of two maps, slot by slot, 64 slots at a time. */
#include "shard_map.h"

#include <stdlib.h>
#include <string.h>

struct shard *shard_map_add(struct shard_map *map)
{
    if (map->count == REDIS_NODES_MAX)
        return NULL;
    if ((map->count & (map->count - 1)) == 0) {
        size_t capacity = map->count > 0 ? 2 * (size_t)map->count : 1;
        map->items = realloc(map->items, capacity * sizeof(*map->items));
        if (!map->items)
            abort();
    }
    struct shard *shard = &map->items[map->count++];
    memset(shard, 0, sizeof(*shard));
    return shard;
}

void shard_map_release(struct shard_map *map)
{
    free(map->items);
    *map = (struct shard_map){0};
}

int shard_map_check(const struct shard_map *map, struct error *err)
{
    struct redis_slots served = {0};
    for (int i = 0; i < map->count; i++)
        redis_slots_unite(&served, &map->items[i].owned);
    int missing = redis_slots_find_missing(&served);
    if (missing < 0)
        return 0;
    return error_set(err, ERROR_REDIS_UNREADY, "cluster: slot %d is served by no master", missing);
}

void shard_map_begin(struct shard_map *map)
{
    for (int i = 0; i < map->count; i++) {
        struct shard *shard = &map->items[i];
        shard->todo = shard->owned;
        redis_slots_unite(&shard->todo, &shard->importing);
    }
}

/* What a round leaves, over all of its shards. */
struct rest {
    struct redis_slots all;    /* were to do somewhere */
    struct redis_slots twice;  /* were to do on several */
    struct redis_slots unread; /* have keys that could not be read */
};

static void sum_up(const struct shard_map *map, struct rest *rest)
{
    memset(rest, 0, sizeof(*rest));
    for (int i = 0; i < map->count; i++) {
        const struct shard *shard = &map->items[i];
        for (int w = 0; w < REDIS_SLOT_WORDS; w++) {
            if (!(shard->todo.words[w] | shard->redirected.words[w]))
                continue;
            rest->twice.words[w] |= rest->all.words[w] & shard->todo.words[w];
            rest->all.words[w] |= shard->todo.words[w];
            rest->unread.words[w] |= shard->redirected.words[w];
            if (!shard->done)
                rest->unread.words[w] |= shard->todo.words[w];
        }
    }
    for (int w = 0; w < REDIS_SLOT_WORDS; w++)
        rest->unread.words[w] &= rest->all.words[w];
}

static const struct shard *find(const struct shard_map *map, const char *id)
{
    for (int i = 0; i < map->count; i++) {
        if (strcmp(map->items[i].id, id) == 0)
            return &map->items[i];
    }
    return NULL;
}

/* A master that was not there, or whose epoch has risen, may have got any of its slots meanwhile,
 * also those it had before: they can have gone and come back. */
static void carry(const struct rest *rest, const struct shard *before, struct shard *after)
{
    bool steady = before && before->epoch == after->epoch;
    for (int w = 0; w < REDIS_SLOT_WORDS; w++) {
        if (!rest->all.words[w])
            continue;
        uint64_t has = after->owned.words[w] | after->importing.words[w];
        uint64_t gained = has, elsewhere = rest->all.words[w];
        if (steady) {
            gained = (after->owned.words[w] & ~before->owned.words[w]) | after->importing.words[w] |
                     (before->importing.words[w] & has);
            elsewhere = (elsewhere & ~before->todo.words[w]) | rest->twice.words[w];
        }
        after->todo.words[w] = (has & rest->unread.words[w]) | (gained & elsewhere);
    }
}

void shard_map_carry(const struct shard_map *before, struct shard_map *after)
{
    struct rest rest;
    sum_up(before, &rest);
    for (int i = 0; i < after->count; i++) {
        const struct shard *same = find(before, after->items[i].id);
        carry(&rest, same, &after->items[i]);
        after->items[i].seen = same ? same->seen : 0;
    }
}

bool shard_map_is_done(const struct shard_map *map)
{
    for (int i = 0; i < map->count; i++) {
        if (!redis_slots_are_none(&map->items[i].todo))
            return false;
    }
    return true;
}

static void unite_todo(const struct shard_map *map, struct redis_slots *ret_todo)
{
    *ret_todo = (struct redis_slots){0};
    for (int i = 0; i < map->count; i++)
        redis_slots_unite(ret_todo, &map->items[i].todo);
}

bool shard_map_pick(struct shard_map *map, int slots_most)
{
    struct redis_slots todo;
    unite_todo(map, &todo);
    if (redis_slots_count(&todo) > slots_most)
        return false;
    for (int i = 0; i < map->count; i++) {
        struct shard *shard = &map->items[i];
        for (int w = 0; w < REDIS_SLOT_WORDS; w++)
            shard->picked.words[w] = todo.words[w] & shard->owned.words[w];
    }
    return true;
}

void shard_map_settle(struct shard_map *map, const struct redis_slots *settled)
{
    for (int i = 0; i < map->count; i++)
        redis_slots_remove(&map->items[i].todo, settled);
}

void shard_map_format(const struct shard_map *map, int slot, char ret_text[ENDPOINT_TEXT_MAX + 1])
{
    const struct shard *owner = NULL;
    for (int i = 0; i < map->count; i++) {
        const struct shard *shard = &map->items[i];
        if (redis_slots_has(&shard->owned, slot) && (!owner || shard->epoch > owner->epoch))
            owner = shard;
    }
    ret_text[0] = '\0';
    if (owner)
        endpoint_format(&owner->endpoint, ret_text);
}
