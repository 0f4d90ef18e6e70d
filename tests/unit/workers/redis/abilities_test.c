/* Each row of the table against what eleven server versions answered, alone and in clusters; what
 * was not recorded is held to the version that its documentation names. */
#include <stdio.h>
#include <string.h>

#include "recording.h"
#include "redis/abilities.h"
#include "unit.h"

enum { ALONE = 1, CLUSTER = 2, BOTH = ALONE | CLUSTER };

/* How each row was asked.  OBJECT FREQ is asked twice, the second time with an LFU policy. */
static const struct {
    const char *command;
    int layouts;
} recorded[REDIS_ABILITY_COUNT] = {
    [REDIS_HAS_MEMORY_USAGE] = {"MEMORY USAGE s SAMPLES 1", BOTH},
    [REDIS_HAS_OBJECT_FREQ] = {"OBJECT FREQ s", ALONE},
    [REDIS_HAS_INFO_MAXMEMORY_POLICY] = {"INFO", BOTH},
    [REDIS_HAS_INFO_EXPIRED_STALE_PERC] = {"INFO", BOTH},
    [REDIS_HAS_AUTH_USER] = {"AUTH user wrong", BOTH},
    [REDIS_HAS_CLIENT_NO_EVICT] = {"CLIENT NO-EVICT ON", BOTH},
    [REDIS_HAS_CLIENT_NO_TOUCH] = {"CLIENT NO-TOUCH ON", BOTH},
    [REDIS_HAS_HOTKEYS] = {"HOTKEYS GET", BOTH},
    [REDIS_HAS_CLUSTER_DATABASES] = {"SELECT 15", CLUSTER},
};

static bool is_about_arguments(const char *answer)
{
    static const char *const words[] = {"yntax error", "subcommand", "wrong number of arguments",
                                        "is not allowed in cluster mode"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strncmp(answer, "-ERR", 4) == 0 && strstr(answer, words[i]))
            return true;
    }
    return false;
}

static bool shows(const char *server, enum redis_ability ability)
{
    static char answer[RECORDING_MAX], info[RECORDING_INFO_MAX];
    if (redis_ability_absence(ability) == REDIS_ABSENT_FIELD) {
        recording_info(server, info);
        return strstr(info, redis_ability_name(ability));
    }
    recording_last_answer(server, recorded[ability].command, answer);
    return redis_ability_absence(ability) == REDIS_ABSENT_COMMAND
               ? strncmp(answer, "-ERR unknown command", 20) != 0
               : !is_about_arguments(answer);
}

static void agrees_with_recorded_servers(void **state)
{
    static char info[RECORDING_INFO_MAX];
    (void)state;
    for (size_t i = 0; i < 2 * recording_server_count; i++) {
        char server[RECORDING_NAME_MAX + 1];
        struct redis_probe probe;
        struct error err = {0};
        snprintf(server, sizeof(server), "%s%s", recording_servers[i / 2], i % 2 ? "-cluster" : "");
        assert_int_equal(redis_probe_parse(recording_info(server, info), &probe, &err), 0);
        for (int ability = 0; ability < REDIS_ABILITY_COUNT; ability++) {
            if (!(recorded[ability].layouts & (i % 2 ? CLUSTER : ALONE)))
                continue;
            if (redis_probe_has(&probe, ability) != shows(server, ability))
                fail_msg("%s: %s: %s by the table", server, redis_ability_name(ability),
                         redis_probe_has(&probe, ability) ? "there" : "not there");
        }
    }
}

static void begins_where_it_says(void **state)
{
    static const struct {
        enum redis_ability ability;
        const char *engine;
        int engine_version, redis_version;
        bool has;
    } cases[] = {
        {REDIS_HAS_LAZYFREE_EXPIRE, "Redis", 30299, 30299, false},
        {REDIS_HAS_LAZYFREE_EXPIRE, "Redis", 40000, 40000, true},
        {REDIS_HAS_SENTINEL_REPLICAS, "Redis", 40099, 40099, false},
        {REDIS_HAS_SENTINEL_REPLICAS, "Redis", 50000, 50000, true},
        {REDIS_HAS_SENTINEL_REPLICAS, "Valkey", 70205, 70204, true},
        {REDIS_HAS_CONFIG_GET_MANY, "Redis", 60299, 60299, false},
        {REDIS_HAS_CONFIG_GET_MANY, "", 0, 70000, true},
        {REDIS_HAS_HOTKEYS, "Redis", 80599, 80599, false},
        {REDIS_HAS_HOTKEYS, "Redis", 80600, 80600, true},
        {REDIS_HAS_HOTKEYS, "Valkey", 90100, 70204, false},
        {REDIS_HAS_HOTKEYS, "Valkey", 999999, 999999, false},
        {REDIS_HAS_CLUSTER_DATABASES, "Redis", 999999, 999999, false},
        {REDIS_HAS_CLUSTER_DATABASES, "Valkey", 80199, 70204, false},
        {REDIS_HAS_CLUSTER_DATABASES, "Valkey", 90000, 70204, true},
        {REDIS_HAS_CLUSTER_DATABASES, "Valkey", -1, 70204, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_probe probe = {.engine_version = cases[i].engine_version,
                                    .redis_version = cases[i].redis_version};
        snprintf(probe.engine, sizeof(probe.engine), "%s", cases[i].engine);
        if (redis_probe_has(&probe, cases[i].ability) != cases[i].has)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_recorded_servers),
        cmocka_unit_test(begins_where_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
