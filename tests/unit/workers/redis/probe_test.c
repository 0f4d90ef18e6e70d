/* What eleven server versions said to INFO (tests/fixtures/servers), alone and in clusters. */
#include <stdio.h>
#include <string.h>

#include "fake_server.h"
#include "recording.h"
#include "redis/probe.h"
#include "unit.h"

static void reads_recorded_servers(void **state)
{
    static const struct {
        const char *file, *engine, *version;
        int redis_version, engine_version;
        const char *policy;
    } cases[] = {
        {"redis-3.0", "Redis", "3.0.7", 30007, 30007, ""},
        {"redis-4.0", "Redis", "4.0.14", 40014, 40014, "noeviction"},
        {"redis-5.0", "Redis", "5.0.14", 50014, 50014, "noeviction"},
        {"redis-6.2", "Redis", "6.2.16", 60216, 60216, "noeviction"},
        {"redis-7.0", "Redis", "7.0.15", 70015, 70015, "noeviction"},
        {"redis-7.2", "Redis", "7.2.6", 70206, 70206, "noeviction"},
        {"redis-7.4", "Redis", "7.4.1", 70401, 70401, "noeviction"},
        {"redis-8.0", "Redis", "8.0.6", 80006, 80006, "noeviction"},
        {"valkey-8.0", "Valkey", "8.0.1", 70204, 80001, "noeviction"},
        {"valkey-8.1", "Valkey", "8.1.1", 70204, 80101, "noeviction"},
        {"valkey-9.1", "Valkey", "9.1.2", 70204, 90102, "noeviction"},
    };
    static char info[RECORDING_INFO_MAX];
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        char file[64];
        bool cluster = i % 2;
        struct redis_probe probe;
        struct error err = {0};
        snprintf(file, sizeof(file), "%s%s", cases[i / 2].file, cluster ? "-cluster" : "");
        if (redis_probe_parse(recording_info(file, info), &probe, &err) < 0)
            fail_msg("%s: %s", file, err.text);
        assert_string_equal(probe.engine, cases[i / 2].engine);
        assert_string_equal(probe.version, cases[i / 2].version);
        assert_int_equal(probe.redis_version, cases[i / 2].redis_version);
        assert_int_equal(probe.engine_version, cases[i / 2].engine_version);
        assert_string_equal(probe.maxmemory_policy, cases[i / 2].policy);
        assert_int_equal(probe.role, REDIS_ROLE_MASTER);
        assert_int_equal(probe.mode, cluster ? REDIS_MODE_CLUSTER : REDIS_MODE_STANDALONE);
        assert_int_equal(probe.databases, cluster ? 1 : 16);
        assert_int_equal(probe.maxmemory, 0);
        assert_true(probe.used_memory > 800000 && probe.used_memory < 3000000);
        assert_true(cluster || (probe.keys >= 2 && probe.keys <= 3));
        assert_false(redis_probe_is_lfu(&probe));
    }
}

static void reads_other_forms(void **state)
{
    static const struct {
        const char *info;
        int result, version, role, mode;
    } cases[] = {
        {"redis_version:6.0\r\nrole:slave\r\n", 0, 60000, REDIS_ROLE_REPLICA, 0},
        {"redis_version:7.4.0-rc1\r\nrole:replica\r\n", 0, 70400, REDIS_ROLE_REPLICA, 0},
        {"redis_version:255.255.255\r\nrole:master\r\n", 0, 999999, 0, 0},
        {"redis_version:7.0.15\r\nredis_mode:sentinel\r\n", 0, 70015, 0, REDIS_MODE_SENTINEL},
        {"redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\n", 0, 70015, 0,
         REDIS_MODE_CLUSTER},
        {"redis_version:7.0.15\r\n", -1, 0, 0, 0},
        {"redis_version:7.0.15\r\nrole:\r\n", -1, 0, 0, 0},
        {"redis_version:7\r\nrole:master\r\n", -1, 0, 0, 0},
        {"redis_version:x.y\r\nrole:master\r\n", -1, 0, 0, 0},
        {"redis_version:\r\nrole:master\r\n", -1, 0, 0, 0},
        {"redis_version:7.0 15\r\nrole:master\r\n", -1, 0, 0, 0},
        {"valkey_version:8.0.1\r\nrole:master\r\n", -1, 0, 0, 0},
        {"redis_version:7.0.15\r\nrole:master\r\ndb0:keys=x\r\n", -1, 0, 0, 0},
        {"", -1, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_probe probe;
        struct error err = {0};
        int result = redis_probe_parse(text_of(cases[i].info), &probe, &err);
        if (result != cases[i].result)
            fail_msg("case %zu: %d %s", i, result, err.text);
        assert_int_equal(err.code, result < 0 ? ERROR_REDIS_PROTOCOL : ERROR_NONE);
        if (result < 0)
            continue;
        assert_int_equal(probe.redis_version, cases[i].version);
        assert_int_equal(probe.role, cases[i].role);
        assert_int_equal(probe.mode, cases[i].mode);
    }
}

static void knows_lfu(void **state)
{
    static const struct {
        const char *policy;
        bool lfu;
    } cases[] = {
        {"allkeys-lfu", true}, {"volatile-lfu", true}, {"allkeys-lru", false}, {"", false}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_probe probe = {0};
        snprintf(probe.maxmemory_policy, sizeof(probe.maxmemory_policy), "%s", cases[i].policy);
        assert_int_equal(redis_probe_is_lfu(&probe), cases[i].lfu);
    }
}

static size_t answer_command(void *argument, const struct text *words, int count, char *ret_bytes,
                             size_t size)
{
    bool asked = count == 3 && text_equals(words[0], TEXT("COMMAND")) &&
                 text_equals(words[1], TEXT("INFO")) && text_equals(words[2], TEXT("hotkeys"));
    return (size_t)snprintf(ret_bytes, size, "%s", asked ? (const char *)argument : "-ERR no\r\n");
}

static void serve_command(int socket, void *argument)
{
    fake_serve_commands(socket, answer_command, argument);
}

static void knows_whether_there_is_a_command(void **state)
{
    static const struct {
        const char *reply;
        bool has;
    } cases[] = {
        {"*1\r\n*2\r\n$7\r\nhotkeys\r\n:-2\r\n", true},
        {"*1\r\n*-1\r\n", false},
        {"*1\r\n$-1\r\n", false},
        {"*1\r\n*0\r\n", false},
        {"*0\r\n", false},
        {"-NOPERM no\r\n", false},
        {"+OK\r\n", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_server server;
        struct redis_connection *connection;
        struct error err = {0};
        bool has = !cases[i].has;
        fake_server_start(&server, serve_command, (void *)(uintptr_t)cases[i].reply);
        struct redis_target target = fake_server_target(&server);
        assert_int_equal(
            redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err), 0);
        assert_int_equal(redis_probe_has_command(connection, "hotkeys", &has, &err), 0);
        assert_int_equal(has, cases[i].has);
        redis_connection_free(connection);
        fake_server_stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_recorded_servers),
        cmocka_unit_test(reads_other_forms),
        cmocka_unit_test(knows_lfu),
        cmocka_unit_test(knows_whether_there_is_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
