/* What is left to do between two maps: by table, and against keys that move at random. */
#include "shard_map.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { NODES = 3, SLOTS = 2, KEYS = 8, RUNS = 400, STEPS = 20, ROUNDS = 200 };

static unsigned seed = 7;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % sides;
}

static void add_slots(struct redis_slots *slots, const char *digits)
{
    for (; *digits; digits++)
        redis_slots_add(slots, *digits - '0', *digits - '0');
}

/* `a0123`: a master's id and its slots, those that it imports after a `+`, `!` for a higher epoch,
 * `?` for not done, `~5` for a redirect of slot 5. */
static void read_map(const char *text, struct shard_map *map)
{
    char word[32];
    int taken;
    *map = (struct shard_map){0};
    for (; sscanf(text, "%31s%n", word, &taken) == 1; text += taken) {
        struct shard *shard = shard_map_add(map);
        struct redis_slots *slots = &shard->owned;
        shard->id[0] = word[0];
        shard->done = true;
        for (const char *c = word + 1; *c; c++) {
            char digit[] = {*c, '\0'};
            if (*c == '+')
                slots = &shard->importing;
            else if (*c == '~')
                slots = &shard->redirected;
            else if (*c == '!')
                shard->epoch++;
            else if (*c == '?')
                shard->done = false;
            else
                add_slots(slots, digit);
        }
    }
}

static void show_todo(const struct shard_map *map, char *ret_text)
{
    for (int i = 0; i < map->count; i++) {
        const struct shard *shard = &map->items[i];
        if (redis_slots_are_none(&shard->todo))
            continue;
        *ret_text++ = shard->id[0];
        for (int slot = 0; slot < 10; slot++) {
            if (redis_slots_has(&shard->todo, slot))
                *ret_text++ = (char)('0' + slot);
        }
    }
    *ret_text = '\0';
}

static void carries_what_is_left(void **state)
{
    static const struct {
        const char *before, *after, *todo;
    } cases[] = {
        {"a012 b345", "a012 b345", ""},       {"a012 b345", "a01 b2345", "b2"},
        {"a012 b345", "a01 b2345!", "b2345"}, /* others may have gone and come back */
        {"a012 b345", "a012! b345", "a012"},  /* there and back */
        {"a012 b345", "a012 b345+0", "b0"},   /* on its way */
        {"a012 b345+0", "a012 b345", ""},     /* given up: not here any more */
        {"a012 b345+0", "a12 b0345", "b0"},   /* arrived */
        {"a012 b345", "c012 b345", "c012"},   /* failed over */
        {"a012? b345", "a012 b345", "a012"},  /* not scanned to its end */
        {"a012? b345", "a0 b12345", "a0b12"}, /* and moved */
        {"a012 b345~3", "a012 b345", "b3"},   /* a key that could not be asked about */
        {"a012 b345~3", "a0123 b45", "a3"},   {"a012 b345", "a0 b345 d12", "d12"}, /* a new node */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct shard_map before, after;
        char todo[64];
        read_map(cases[i].before, &before);
        read_map(cases[i].after, &after);
        shard_map_begin(&before);
        shard_map_carry(&before, &after);
        show_todo(&after, todo);
        assert_string_equal(todo, cases[i].todo);
        assert_int_equal(shard_map_is_done(&after), cases[i].todo[0] == '\0');
        shard_map_release(&before);
        shard_map_release(&after);
    }
}

static void few_slots_are_picked_where_they_are_served(void **state)
{
    struct shard_map map, after;
    struct redis_slots settled = {0};
    char todo[64];
    (void)state;
    read_map("a012?! b345+1", &map);
    read_map("a02 b1345+2", &after);
    shard_map_begin(&map);
    shard_map_carry(&map, &after);
    assert_true(shard_map_pick(&after, 3));
    for (int i = 0; i < 2; i++)
        after.items[i].todo = after.items[i].picked;
    show_todo(&after, todo);
    assert_string_equal(todo, "a02b1");
    add_slots(&settled, "02");
    shard_map_settle(&after, &settled);
    show_todo(&after, todo);
    assert_string_equal(todo, "b1");
    redis_slots_add(&after.items[0].todo, 1, 9); /* both have 1 */
    assert_true(shard_map_pick(&after, 9));
    assert_false(shard_map_pick(&after, 8));
    shard_map_release(&map);
    shard_map_release(&after);
}

/* What was seen once stays seen: a node that only takes keys from one that was read before is not
 * read a third time, although the move goes on. */
static void comes_to_an_end(void **state)
{
    struct shard_map first, second, third;
    (void)state;
    read_map("a0123 b45", &first);
    read_map("a12 b045+3", &second);
    read_map("a1 b0345+2", &third);
    shard_map_begin(&first);
    shard_map_carry(&first, &second);
    assert_false(shard_map_is_done(&second));
    shard_map_carry(&second, &third);
    assert_true(shard_map_is_done(&third));
    shard_map_release(&first);
    shard_map_release(&second);
    shard_map_release(&third);
}

static void checks_coverage(void **state)
{
    struct shard_map map = {0};
    struct error err = {0};
    char name[ENDPOINT_TEXT_MAX + 1];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct shard *shard = shard_map_add(&map);
        redis_slots_add(&shard->owned, i * 8000, i == 0 ? 8000 : REDIS_SLOT_COUNT - 2);
        snprintf(shard->endpoint.host, sizeof(shard->endpoint.host), i == 0 ? "::1" : "10.0.0.1");
        shard->endpoint.port = 7000 + i;
        shard->epoch = i;
    }
    assert_int_equal(shard_map_check(&map, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_UNREADY);
    assert_string_equal(err.text, "cluster: slot 16383 is served by no master");
    redis_slots_add(&map.items[0].owned, 16383, 16383);
    assert_int_equal(shard_map_check(&map, &err), 0);
    shard_map_format(&map, 16383, name);
    assert_string_equal(name, "[::1]:7000");
    shard_map_format(&map, 8000, name); /* both say so: the one with the higher epoch is right */
    assert_string_equal(name, "10.0.0.1:7001");
    shard_map_release(&map);
}

/* A cluster in which keys move one by one: where each is, who owns each slot and who imports it. */
struct world {
    int key_slot[KEYS], key_node[KEYS], owner[SLOTS], importer[SLOTS];
    int64_t epoch[NODES], top;
    bool seen[KEYS];
    unsigned calm; /* one of so many moments has a step of a migration */
};

static void init_world(struct world *world)
{
    *world = (struct world){.calm = 2};
    for (int slot = 0; slot < SLOTS; slot++) {
        world->owner[slot] = (int)dice(NODES);
        world->importer[slot] = -1;
    }
    for (int key = 0; key < KEYS; key++) {
        world->key_slot[key] = (int)dice(SLOTS);
        world->key_node[key] = world->owner[world->key_slot[key]];
    }
}

/* One step of a migration, as redis-cli makes them: begin, move a key, or end when all moved. */
static void step(struct world *world, int slot)
{
    int *importer = &world->importer[slot];
    if (*importer < 0) {
        *importer = (world->owner[slot] + 1 + (int)dice(NODES - 1)) % NODES;
        return;
    }
    for (int key = 0; key < KEYS; key++) {
        if (world->key_slot[key] == slot && world->key_node[key] == world->owner[slot]) {
            world->key_node[key] = *importer;
            return;
        }
    }
    world->owner[slot] = *importer;
    if (world->epoch[*importer] < world->top || world->top == 0)
        world->epoch[*importer] = ++world->top;
    *importer = -1;
}

static void pass_a_moment(struct world *world)
{
    if (dice(world->calm) == 0)
        step(world, (int)dice(SLOTS));
}

static void read_node(const struct world *world, int node, struct shard *shard)
{
    shard->id[0] = (char)('a' + node);
    shard->epoch = world->epoch[node];
    for (int slot = 0; slot < SLOTS; slot++) {
        if (world->owner[slot] == node)
            redis_slots_add(&shard->owned, slot, slot);
        if (world->importer[slot] == node)
            redis_slots_add(&shard->importing, slot, slot);
    }
}

/* Nodes are asked one after the other, until each slot has an owner. */
static void read_world(struct world *world, struct shard_map *map)
{
    uint64_t served;
    do {
        shard_map_release(map);
        served = 0;
        for (int node = 0; node < NODES; node++) {
            struct shard *shard = shard_map_add(map);
            pass_a_moment(world);
            read_node(world, node, shard);
            served |= shard->owned.words[0];
        }
    } while (served != ((uint64_t)1 << SLOTS) - 1);
}

/* A key whose slot is not owned where it is cannot be asked about. */
static void visit(const struct world *world, struct shard *shard, int node, int key, bool *ret_seen)
{
    int slot = world->key_slot[key];
    if (world->key_node[key] != node)
        return;
    if (world->owner[slot] == node)
        ret_seen[key] = true;
    else
        redis_slots_add(&shard->redirected, slot, slot);
}

/* Nodes with something to do are read key by key, each at its own speed and in an order of its own;
 * one in ten fails, and with it what it has seen. */
static void scan_round(struct world *world, struct shard_map *map)
{
    int place[NODES], first[NODES], running = 0;
    bool seen[NODES][KEYS] = {0};
    for (int node = 0; node < NODES; node++) {
        bool idle = redis_slots_are_none(&map->items[node].todo);
        place[node] = idle ? KEYS : 0;
        first[node] = (int)dice(KEYS);
        running += !idle;
    }
    while (running > 0) {
        int node = (int)dice(NODES);
        struct shard *shard = &map->items[node];
        pass_a_moment(world);
        if (place[node] == KEYS)
            continue;
        visit(world, shard, node, (first[node] + place[node]++) % KEYS, seen[node]);
        if (place[node] < KEYS)
            continue;
        running--;
        shard->done = dice(10) > 0;
        for (int key = 0; shard->done && key < KEYS; key++)
            world->seen[key] |= seen[node][key];
    }
}

/* All keys of a slot at one moment, where it is served and does not move. */
static void read_picked(struct world *world, struct shard_map *map)
{
    struct redis_slots settled = {0};
    for (int i = 0; i < NODES * SLOTS; i++) {
        int node = i / SLOTS, slot = i % SLOTS;
        pass_a_moment(world);
        if (!redis_slots_has(&map->items[node].picked, slot) || world->owner[slot] != node ||
            world->importer[slot] >= 0)
            continue;
        redis_slots_add(&settled, slot, slot);
        for (int key = 0; key < KEYS; key++)
            world->seen[key] |= world->key_slot[key] == slot;
    }
    shard_map_settle(map, &settled);
}

/* Moves slow down from round to round, so that each run has an end.  Some runs pick slots. */
static void never_ends_with_a_key_unseen(void **state)
{
    int moved_runs = 0;
    (void)state;
    for (int run = 0; run < RUNS; run++) {
        struct world world;
        struct shard_map map = {0}, after;
        unsigned rounds = 0;
        init_world(&world);
        for (unsigned i = dice(STEPS); i > 0; i--)
            step(&world, (int)dice(SLOTS));
        read_world(&world, &map);
        shard_map_begin(&map);
        for (; rounds < ROUNDS && !shard_map_is_done(&map); rounds++) {
            world.calm = 2 + 8 * rounds * rounds;
            if (run % 4 == 0 && rounds > 0 && dice(2) && shard_map_pick(&map, SLOTS))
                read_picked(&world, &map);
            else
                scan_round(&world, &map);
            after = (struct shard_map){0};
            read_world(&world, &after);
            shard_map_carry(&map, &after);
            shard_map_release(&map);
            map = after;
        }
        moved_runs += rounds > 1;
        for (int key = 0; shard_map_is_done(&map) && key < KEYS; key++)
            assert_true(world.seen[key]);
        shard_map_release(&map);
    }
    assert_true(moved_runs > RUNS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_what_is_left),
        cmocka_unit_test(few_slots_are_picked_where_they_are_served),
        cmocka_unit_test(comes_to_an_end),
        cmocka_unit_test(checks_coverage),
        cmocka_unit_test(never_ends_with_a_key_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
