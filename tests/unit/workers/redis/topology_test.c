/* Topologies: recorded and made-up answers to CLUSTER NODES, and sets of slots. */
#include "redis/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse_reply.h"
#include "recording.h"
#include "redis/replication.h"

#define ID1 "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"
#define ID3 "3333333333333333333333333333333333333333"

enum { SHOWN_MAX = 1024 };

static const struct endpoint reached = {.host = "10.0.0.9", .port = 6379};

static int count_of(const struct redis_slots *slots)
{
    int count = 0;
    for (int slot = 0; slot < REDIS_SLOT_COUNT; slot++)
        count += redis_slots_has(slots, slot);
    return count;
}

static void reads_recorded_clusters(void **state)
{
    static char bytes[RECORDING_MAX];
    (void)state;
    for (size_t i = 0; i < recording_server_count; i++) {
        char server[RECORDING_NAME_MAX + 1];
        snprintf(server, sizeof(server), "%s-cluster", recording_servers[i]);
        struct reply_reader reader;
        struct redis_topology topology;
        struct error err = {0};
        const struct redis_reply *reply =
            parse_reply(&reader, recording_answer(server, "CLUSTER NODES", bytes));
        assert_int_equal(redis_topology_parse(reply->text, &reached, &topology, &err), 0);
        assert_int_equal(topology.count, 1);
        assert_int_equal(topology.self, 0);
        assert_string_equal(topology.members[0].endpoint.host, reached.host);
        assert_string_equal(topology.members[0].master, "");
        assert_int_equal(redis_slots_find_missing(&topology.owned), -1);
        assert_true(redis_slots_are_none(&topology.importing));
        redis_topology_release(&topology);
        reply_reader_release(&reader);
    }
}

/* `host:port` and the first digit of its master's id, of all; then what it owns and imports. */
static void show(const struct redis_topology *topology, char ret_text[SHOWN_MAX])
{
    size_t length = 0;
    for (int i = 0; i < topology->count; i++) {
        const struct redis_member *member = &topology->members[i];
        length += (size_t)snprintf(ret_text + length, SHOWN_MAX - length, "%s:%d%s%.1s%s ",
                                   member->endpoint.host, member->endpoint.port,
                                   member->master[0] ? "<" : "", member->master,
                                   i == topology->self ? "*" : "");
    }
    snprintf(ret_text + length, SHOWN_MAX - length, "%d+%d e%lld", count_of(&topology->owned),
             count_of(&topology->importing), (long long)topology->epoch);
}

static void reads_lines(void **state)
{
    static const struct {
        const char *lines, *shown; /* null: refused */
    } cases[] = {
        {ID1 " 10.0.0.1:7000@17000,h1 myself,master - 0 0 3 connected 0-99 5000 16383\n" ID2
             " 10.0.0.2:7001@17001 slave " ID1 " 0 0 3 connected\n",
         "10.0.0.1:7000* 10.0.0.2:7001<1 102+0 e3"},
        {ID1 " ::1:7000@17000 myself,master - 0 0 1 connected 7 [8->-" ID2 "] [9-<-" ID2 "]\r\n",
         "::1:7000* 1+1 e1"},
        {ID1 " :7000 myself,slave " ID2 " 0 0 1 connected\n" ID2
             " h2:7001@17001,,shard-id=x master - 0 0 2 connected 0-16383",
         "10.0.0.9:7000<2* h2:7001 0+0 e1"},
        /* those that cannot be reached are left out, those that only may not are not */
        {ID1 " a:1 myself,master - 0 0 1 connected\n" ID2
             " b:1 master,fail - 0 0 2 connected 5\n" ID3
             " c:1 master,fail? - 0 0 2 connected 5\n" ID2 " :0 master,noaddr - 0 0 2 x\n",
         "a:1* c:1 0+0 e1"},
        {"", NULL},
        {ID1 " a:1 master - 0 0 1 connected\n", NULL},
        {ID1 " a:1 myself,master - 0 0 1 connected 16384\n", NULL},
        {ID1 " a:1 myself,master - 0 0 1 connected -1\n", NULL},
        {ID1 " a:1 myself,master - 0 0 1 connected 0-16384\n", NULL},
        {ID1 " a:1 myself,master - 0 0 1 connected [5]\n", NULL},
        {ID1 " a:1 myself,master - 0 0 x connected 5\n", NULL},
        {ID1 " a:0 myself,master - 0 0 1 connected 5\n", NULL},
        {ID1 " a b c\n", NULL},
        {ID1 ID2 " a:1 myself,master - 0 0 1 connected 5\n", NULL},
        {ID1 " a:1 myself,slave\n", NULL},
        {ID1 " a:1 myself,master - 0 0 1 c\n" ID2 " b:1 myself,master - 0 0 1 c\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_topology topology;
        struct error err = {0};
        char shown[SHOWN_MAX];
        int status = redis_topology_parse(text_of(cases[i].lines), &reached, &topology, &err);
        assert_int_equal(status, cases[i].shown ? 0 : -1);
        assert_int_equal(err.code, cases[i].shown ? ERROR_NONE : ERROR_REDIS_PROTOCOL);
        if (cases[i].shown) {
            show(&topology, shown);
            assert_string_equal(shown, cases[i].shown);
        }
        redis_topology_release(&topology);
    }
}

static void bounds_the_nodes(void **state)
{
    enum { LINE = 80 };
    static char lines[(REDIS_NODES_MAX + 1) * LINE];
    (void)state;
    for (int more = 0; more <= 1; more++) {
        struct redis_topology topology;
        struct error err = {0};
        size_t length = 0;
        for (int i = 0; i < REDIS_NODES_MAX + more; i++)
            length += (size_t)snprintf(lines + length, sizeof(lines) - length,
                                       "%040d a:%d %s - 0 0 1 connected\n", i, i + 1,
                                       i == 0 ? "myself,master" : "master");
        int status = redis_topology_parse((struct text){lines, length}, &reached, &topology, &err);
        assert_int_equal(status, -more);
        redis_topology_release(&topology);
    }
}

/* The cluster specification's own examples, and names whose braces hold nothing. */
static void hashes_names(void **state)
{
    static const struct {
        const char *name, *same;
    } equal[] = {{"{user1000}.following", "user1000"},
                 {"foo{{bar}}zap", "{bar"},
                 {"foo{bar}{zap}", "bar"},
                 {"x{y", "x{y"}};
    (void)state;
    assert_int_equal(redis_key_slot(TEXT("123456789")), 0x31C3);
    assert_int_equal(redis_key_slot(TEXT("foo")), 12182);
    assert_int_equal(redis_key_slot(TEXT("")), 0);
    assert_int_not_equal(redis_key_slot(TEXT("foo{}{bar}")), redis_key_slot(TEXT("bar")));
    for (size_t i = 0; i < COUNT_OF(equal); i++)
        assert_int_equal(redis_key_slot(text_of(equal[i].name)),
                         redis_key_slot(text_of(equal[i].same)));
}

static void takes_redirects(void **state)
{
    static const struct {
        const char *reply;
        int slot; /* -1: none */
    } cases[] = {
        {"-MOVED 3999 127.0.0.1:6381\r\n", 3999},
        {"-ASK 16383 :6381\r\n", 16383},
        {"-MOVED 16384 a:1\r\n", -1},
        {"-MOVED x a:1\r\n", -1},
        {"-MOVED\r\n", -1},
        {"-MOVED 5\r\n", -1},
        {"-ERR 5 x\r\n", -1},
        {"+MOVED 5 a:1\r\n", -1},
        {":5\r\n", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply_reader reader;
        struct redis_slots slots = {0};
        redis_slots_add_redirect(&slots, parse_reply(&reader, text_of(cases[i].reply)));
        assert_int_equal(count_of(&slots), cases[i].slot >= 0);
        if (cases[i].slot >= 0)
            assert_true(redis_slots_has(&slots, cases[i].slot));
        reply_reader_release(&reader);
    }
}

static void reads_replication(void **state)
{
    static const struct {
        const char *info;
        bool linked;
        int64_t offset;
    } cases[] = {
        {"master_host:h\r\nmaster_port:1\r\nmaster_link_status:up\r\nslave_repl_offset:7\r\n", true,
         7},
        {"master_link_status:down\r\nslave_repl_offset:7\r\n", false, 7},
        {"master_link_status:up\r\nmaster_sync_in_progress:1\r\n", false, 0},
        {"master_link_status:up\r\nloading:1\r\n", false, 0},
        {"slave_repl_offset:7\r\n", false, 7},
    };
    struct redis_replication replication, other;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        redis_replication_parse(text_of(cases[i].info), REDIS_ROLE_REPLICA, &replication);
        assert_int_equal(replication.linked, cases[i].linked);
        assert_int_equal(replication.offset, cases[i].offset);
    }
    redis_replication_parse(TEXT("master_host:h\r\nmaster_port:1\r\nmaster_replid:a\r\n"),
                            REDIS_ROLE_REPLICA, &replication);
    other = replication;
    assert_true(redis_replication_is_same(&replication, &other));
    other.source.port = 2;
    assert_false(redis_replication_is_same(&replication, &other));
    redis_replication_parse(TEXT("master_repl_offset:9\r\nslave_repl_offset:7\r\n"),
                            REDIS_ROLE_MASTER, &replication);
    assert_int_equal(replication.offset, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_recorded_clusters), cmocka_unit_test(reads_lines),
        cmocka_unit_test(bounds_the_nodes),        cmocka_unit_test(hashes_names),
        cmocka_unit_test(takes_redirects),         cmocka_unit_test(reads_replication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
