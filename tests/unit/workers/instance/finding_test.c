/* Findings: what is asked, and the forms in which it is recorded. */
#include "finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fake_server.h"
#include "unit.h"

static struct instance_target target_of(const char *mode)
{
    return (struct instance_target){.cache_mode = (char *)(uintptr_t)mode};
}

static void names_capabilities(void **state)
{
    static const struct {
        const char *mode;
        int version;
        const char *policy;
        bool hotkeys;
        const char *capabilities;
    } cases[] = {
        {"single", 70015, "noeviction", false, "bigkey,expired,analysis,offline"},
        {"single", 70015, "allkeys-lfu", false, "bigkey,hotkey,expired,analysis,offline"},
        {"ha", 80600, "noeviction", true, "bigkey,hotkey,expired,analysis,offline"},
        {"ha", 30007, "", false, "bigkey,analysis,offline"},
        {"single", 20600, "", false, ""},
        {"cluster", 70015, "noeviction", false, "bigkey,expired,analysis,offline"},
        {"cluster", 70015, "allkeys-lfu", false, "bigkey,hotkey,expired,analysis,offline"},
        {"ha_rw_split", 70015, "allkeys-lfu", true, "bigkey,hotkey,expired,analysis,offline"},
        {"proxy", 70015, "noeviction", false, "bigkey,expired,analysis"},
        {"unheard", 70015, "allkeys-lfu", true, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct finding finding = {.hotkeys_command = cases[i].hotkeys, .scans = true};
        struct instance_target target = target_of(cases[i].mode);
        char names[FINDING_CAPABILITIES_MAX];
        finding.server.redis_version = cases[i].version;
        snprintf(finding.server.maxmemory_policy, sizeof(finding.server.maxmemory_policy), "%s",
                 cases[i].policy);
        finding_capabilities(&finding, &target, names);
        assert_string_equal(names, cases[i].capabilities);
    }
}

static void refuses_a_proxy_that_does_not_answer_as_one_server(void **state)
{
    static const struct {
        enum redis_mode mode;
        bool scans;
        const char *capabilities;
    } cases[] = {
        {REDIS_MODE_STANDALONE, true, "bigkey,expired,analysis"},
        {REDIS_MODE_STANDALONE, false, ""},
        {REDIS_MODE_CLUSTER, true, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct finding finding = {
            .server.mode = cases[i].mode, .server.redis_version = 70015, .scans = cases[i].scans};
        struct instance_target target = target_of("proxy");
        char names[FINDING_CAPABILITIES_MAX];
        finding_capabilities(&finding, &target, names);
        assert_string_equal(names, cases[i].capabilities);
    }
}

static void checks_the_mode(void **state)
{
    static const struct {
        const char *registered;
        enum redis_mode found;
        int status;
    } cases[] = {
        {"single", REDIS_MODE_STANDALONE, 0}, {"single", REDIS_MODE_CLUSTER, -1},
        {"ha", REDIS_MODE_STANDALONE, 0},     {"ha", REDIS_MODE_CLUSTER, -1},
        {"cluster", REDIS_MODE_CLUSTER, 0},   {"cluster", REDIS_MODE_STANDALONE, -1},
        {"proxy", REDIS_MODE_STANDALONE, 0},  {"proxy", REDIS_MODE_CLUSTER, 0},
        {"single", REDIS_MODE_SENTINEL, -1},  {"cluster", REDIS_MODE_SENTINEL, -1},
        {"proxy", REDIS_MODE_SENTINEL, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct finding finding = {.server.mode = cases[i].found};
        struct instance_target target = target_of(cases[i].registered);
        struct error err = {0};
        assert_int_equal(finding_check_mode(&finding, &target, &err), cases[i].status);
        assert_int_equal(err.code, cases[i].status < 0 ? ERROR_REDIS_REFUSED : ERROR_NONE);
    }
}

static void writes_nodes(void **state)
{
    struct redis_node items[] = {
        {{"10.0.0.1", 6379}, REDIS_ROLE_MASTER, 0, ""},
        {{"::1", 6380}, REDIS_ROLE_REPLICA, 2, ""},
    };
    struct finding finding = {.nodes = {2, items}};
    struct json_writer json;
    (void)state;
    json_writer_init(&json);
    finding_write_nodes(&finding, &json);
    json_t *array = json_loads(json.text, 0, NULL);
    assert_int_equal(json_array_size(array), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *node = json_array_get(array, i);
        struct uuid id;
        assert_int_equal(json_object_size(node), 5);
        assert_int_equal(uuid_parse(text_of(json_string_value(json_object_get(node, "id"))), &id),
                         0);
        assert_string_equal(json_string_value(json_object_get(node, "host")),
                            items[i].endpoint.host);
        assert_int_equal(json_integer_value(json_object_get(node, "port")), items[i].endpoint.port);
        assert_string_equal(json_string_value(json_object_get(node, "role")),
                            i == 0 ? "master" : "slave");
        assert_int_equal(json_integer_value(json_object_get(node, "shard")), items[i].shard);
    }
    assert_string_not_equal(json_string_value(json_object_get(json_array_get(array, 0), "id")),
                            json_string_value(json_object_get(json_array_get(array, 1), "id")));
    json_decref(array);
    json_writer_release(&json);
}

static void writes_parameters(void **state)
{
    static char five[] = "5", events[] = "K\"x";
    static const struct {
        int count;
        char *timeout, *events;
        const char *policy, *json; /* null: nothing is told */
    } cases[] = {
        {2, five, events, "noeviction",
         "{\"timeout\":\"5\",\"notify-keyspace-events\":\"K\\\"x\"}"},
        {1, five, NULL, "", "{\"timeout\":\"5\"}"},
        {0, NULL, NULL, "allkeys-lru", "{\"maxmemory-policy\":\"allkeys-lru\"}"},
        {0, NULL, NULL, "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct finding finding = {.parameters.count = cases[i].count};
        struct json_writer json;
        finding.parameters.values[0] = cases[i].timeout;
        finding.parameters.values[5] = cases[i].events;
        snprintf(finding.server.maxmemory_policy, sizeof(finding.server.maxmemory_policy), "%s",
                 cases[i].policy);
        json_writer_init(&json);
        assert_int_equal(finding_write_parameters(&finding, &json), cases[i].json != NULL);
        assert_string_equal(json.text, cases[i].json ? cases[i].json : "");
        json_writer_release(&json);
    }
}

/* A master of Redis 8.6 with one replica and a password among its settings; counts what it is
 * asked. */
struct server {
    bool refuses_config;
    int asked_for_hotkeys;
};

static size_t answer(void *argument, const struct text *words, int count, char *ret_bytes,
                     size_t size)
{
    static const char info[] = "redis_version:8.6.0\r\nrole:master\r\nused_memory:5\r\n"
                               "slave0:ip=10.0.0.2,port=6379,state=online,offset=0,lag=0\r\n";
    struct server *server = argument;
    if (text_equals(words[0], TEXT("INFO")))
        return (size_t)snprintf(ret_bytes, size, "$%zu\r\n%s\r\n", strlen(info), info);
    if (text_equals(words[0], TEXT("COMMAND"))) {
        server->asked_for_hotkeys++;
        return (size_t)snprintf(ret_bytes, size, "*1\r\n*2\r\n$7\r\nhotkeys\r\n:-2\r\n");
    }
    if (text_equals(words[0], TEXT("CONFIG")) && !server->refuses_config)
        return (size_t)snprintf(ret_bytes, size,
                                "*4\r\n$11\r\nrequirepass\r\n$6\r\ns3cret\r\n"
                                "$%zu\r\n%.*s\r\n$1\r\n8\r\n",
                                words[count - 1].length, (int)words[count - 1].length,
                                words[count - 1].bytes);
    return (size_t)snprintf(ret_bytes, size, "-NOPERM no\r\n");
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, answer, argument);
}

static void asks_a_server(void **state)
{
    static const struct {
        bool refuses_config, opted_in;
        const char *parameters;
    } cases[] = {
        {false, true, "{\"proto-max-bulk-len\":\"8\"}"},
        {false, false, "{\"proto-max-bulk-len\":\"8\"}"},
        {true, true, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_server fake;
        struct server server = {.refuses_config = cases[i].refuses_config};
        struct redis_connection *connection;
        struct finding finding = {0};
        struct error err = {0};
        fake_server_start(&fake, serve, &server);
        struct instance_target target = target_of("single");
        target.hotkeys_command = cases[i].opted_in;
        target.redis = fake_server_target(&fake);
        assert_int_equal(
            redis_connection_open(&target.redis, (struct redis_interrupt){0}, &connection, &err),
            0);
        assert_int_equal(finding_ask(&finding, connection, &target, &err), 0);
        redis_connection_free(connection);
        fake_server_stop(&fake);
        assert_int_equal(finding.hotkeys_command, cases[i].opted_in);
        assert_int_equal(server.asked_for_hotkeys, cases[i].opted_in);
        assert_int_equal(finding.nodes.count, 2);
        assert_int_equal(finding.nodes.items[0].endpoint.port, fake.port);
        assert_string_equal(finding.nodes.items[1].endpoint.host, "10.0.0.2");
        struct json_writer json;
        json_writer_init(&json);
        finding_write_parameters(&finding, &json);
        assert_string_equal(json.text, cases[i].parameters);
        json_writer_release(&json);
        finding_release(&finding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_capabilities),
        cmocka_unit_test(refuses_a_proxy_that_does_not_answer_as_one_server),
        cmocka_unit_test(checks_the_mode),
        cmocka_unit_test(writes_nodes),
        cmocka_unit_test(writes_parameters),
        cmocka_unit_test(asks_a_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
