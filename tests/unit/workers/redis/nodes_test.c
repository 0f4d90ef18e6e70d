/* Nodes: replies to CLUSTER SLOTS, recorded and made up, and the replicas of INFO replication. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_server.h"
#include "parse_reply.h"
#include "recording.h"
#include "redis/nodes.h"

enum { SHOWN_MAX = 512 };

static const struct endpoint reached = {.host = "10.0.0.1", .port = 6379};

/* `host:port m0 host:port s0`, in the order in which they were found. */
static void show(const struct redis_nodes *nodes, char ret_text[SHOWN_MAX])
{
    size_t length = 0;
    ret_text[0] = '\0';
    for (int i = 0; i < nodes->count; i++) {
        const struct redis_node *node = &nodes->items[i];
        length += (size_t)snprintf(ret_text + length, SHOWN_MAX - length, "%s%s:%d %c%d",
                                   i > 0 ? " " : "", node->endpoint.host, node->endpoint.port,
                                   node->role == REDIS_ROLE_MASTER ? 'm' : 's', node->shard);
    }
}

static void reads_recorded_clusters(void **state)
{
    static char bytes[RECORDING_MAX];
    (void)state;
    for (size_t i = 0; i < recording_server_count; i++) {
        char server[RECORDING_NAME_MAX + 1];
        snprintf(server, sizeof(server), "%s-cluster", recording_servers[i]);
        struct reply_reader reader;
        struct redis_nodes nodes = {0};
        struct error err = {0};
        const struct redis_reply *reply =
            parse_reply(&reader, recording_answer(server, "CLUSTER SLOTS", bytes));
        assert_int_equal(redis_nodes_add_slots(&nodes, reply, &reached, &err), 0);
        assert_int_equal(nodes.count, 1);
        assert_string_equal(nodes.items[0].endpoint.host, reached.host);
        assert_true(nodes.items[0].endpoint.port > 20000);
        assert_int_equal(nodes.items[0].role, REDIS_ROLE_MASTER);
        assert_int_equal(nodes.items[0].shard, 0);
        redis_nodes_release(&nodes);
        reply_reader_release(&reader);
    }
}

#define NODE(length, host, port) "*2\r\n$" #length "\r\n" host "\r\n:" #port "\r\n"
#define RANGE(count, first, last) "*" #count "\r\n:" #first "\r\n:" #last "\r\n"

static void reads_slots(void **state)
{
    static const struct {
        const char *reply, *nodes; /* nodes null: refused */
    } cases[] = {
        {"*0\r\n", ""},
        {"*1\r\n" RANGE(3, 0, 16383) NODE(2, "h1", 1), "h1:1 m0"},
        /* shards by lowest slot, whatever the order of the reply and however many ranges there are
         */
        {"*4\r\n" RANGE(4, 12000, 16383) NODE(2, "h3", 1) NODE(2, "r3", 2) RANGE(4, 0, 99)
             NODE(2, "h2", 1) NODE(2, "r2", 2) RANGE(4, 100, 5000) NODE(2, "h1", 1) NODE(2, "r1", 2)
                 RANGE(4, 5001, 11999) NODE(2, "h2", 1) NODE(2, "r2", 2),
         "h2:1 m0 r2:2 s0 h1:1 m1 r1:2 s1 h3:1 m2 r3:2 s2"},
        /* hosts that are not told: empty, nil, a question mark */
        {"*1\r\n" RANGE(5, 0, 16383) NODE(0, "", 1) "*2\r\n$-1\r\n:2\r\n" NODE(1, "?", 3),
         "10.0.0.1:1 m0 10.0.0.1:2 s0 10.0.0.1:3 s0"},
        /* a node without an address is left out, a range without a master with its replicas */
        {"*1\r\n" RANGE(4, 0, 16383) NODE(1, "a", 1) NODE(1, "b", 0), "a:1 m0"},
        {"*1\r\n" RANGE(4, 0, 16383) NODE(1, "a", 0) NODE(1, "b", 1), ""},
        {"*1\r\n" RANGE(4, 0, 16383) NODE(1, "a", 1) NODE(3, "b c", 1), "a:1 m0"},
        {"*1\r\n" RANGE(4, 0, 16383) NODE(1, "a", 1) "*0\r\n", "a:1 m0"},
        {"*1\r\n" RANGE(4, 0, 16383) NODE(1, "a", 1) "$1\r\nb\r\n", "a:1 m0"},
        {"*1\r\n" RANGE(3, 0, 16383) "*2\r\n$1\r\na\r\n$1\r\n1\r\n", ""},
        {"*1\r\n" RANGE(3, 0, 16383) NODE(3, "::1", 7000), "::1:7000 m0"},
        {"*1\r\n*2\r\n:0\r\n:1\r\n", NULL},
        {"*1\r\n*3\r\n$1\r\n0\r\n:1\r\n" NODE(1, "a", 1), NULL},
        {"*1\r\n:0\r\n", NULL},
        {"+OK\r\n", NULL},
        {"-ERR This instance has cluster support disabled\r\n", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply_reader reader;
        struct redis_nodes nodes = {0};
        struct error err = {0};
        char shown[SHOWN_MAX];
        int status = redis_nodes_add_slots(&nodes, parse_reply(&reader, text_of(cases[i].reply)),
                                           &reached, &err);
        assert_int_equal(status, cases[i].nodes ? 0 : -1);
        assert_int_equal(err.code, cases[i].nodes ? ERROR_NONE : ERROR_REDIS_PROTOCOL);
        show(&nodes, shown);
        assert_string_equal(shown, cases[i].nodes ? cases[i].nodes : "");
        redis_nodes_release(&nodes);
        reply_reader_release(&reader);
    }
}

static void bounds_the_nodes(void **state)
{
    enum { ROOM = 32 * (REDIS_NODES_MAX + 8) };
    char *bytes = malloc(ROOM);
    (void)state;
    for (int more = 0; more <= 1; more++) {
        struct reply_reader reader;
        struct redis_nodes nodes = {0};
        struct error err = {0};
        int count = REDIS_NODES_MAX + more;
        size_t length = (size_t)snprintf(bytes, ROOM, "*1\r\n*%d\r\n:0\r\n:1\r\n", count + 2);
        for (int i = 1; i <= count; i++)
            length +=
                (size_t)snprintf(bytes + length, ROOM - length, "*2\r\n$1\r\na\r\n:%d\r\n", i);
        const struct redis_reply *reply = parse_reply(&reader, (struct text){bytes, length});
        assert_int_equal(redis_nodes_add_slots(&nodes, reply, &reached, &err), -more);
        assert_int_equal(nodes.count, REDIS_NODES_MAX);
        redis_nodes_release(&nodes);
        reply_reader_release(&reader);
    }
    free(bytes);
}

static void reads_replication(void **state)
{
    static const struct {
        enum redis_role role;
        const char *info, *nodes;
    } cases[] = {
        {REDIS_ROLE_MASTER, "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n",
         "10.0.0.1:6379 m0"},
        {REDIS_ROLE_MASTER,
         "role:master\r\nslave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0\r\n"
         "slave1:ip=fe80::1,port=6380,state=wait_bgsave,offset=0,lag=0,type=replica\r\n",
         "10.0.0.1:6379 m0 10.0.0.2:6379 s0 fe80::1:6380 s0"},
        {REDIS_ROLE_REPLICA, "role:slave\r\nslave0:ip=10.0.0.2,port=6379,state=online\r\n",
         "10.0.0.1:6379 s0"},
        /* itself once only; what is malformed is left out */
        {REDIS_ROLE_MASTER,
         "slave0:ip=10.0.0.1,port=6379,state=online\r\nslave1:10.0.0.9,6379,online\r\n"
         "slave2:ip=,port=1\r\nslave3:ip=a,port=0\r\nslave4:ip=a,port=x\r\nslave5:ip=b,port=1\r\n",
         "10.0.0.1:6379 m0 b:1 s0"},
        {REDIS_ROLE_MASTER, "", "10.0.0.1:6379 m0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_nodes nodes = {0};
        struct error err = {0};
        char shown[SHOWN_MAX];
        assert_int_equal(redis_nodes_add_replication(&nodes, text_of(cases[i].info), cases[i].role,
                                                     &reached, &err),
                         0);
        show(&nodes, shown);
        assert_string_equal(shown, cases[i].nodes);
        redis_nodes_release(&nodes);
    }
}

static size_t answer(void *argument, const struct text *words, int count, char *ret_bytes,
                     size_t size)
{
    const char *reply = argument;
    bool asked = count == 2 &&
                 (text_equals(words[0], TEXT("CLUSTER")) || text_equals(words[0], TEXT("INFO")));
    return (size_t)snprintf(ret_bytes, size, "%s", asked ? reply : "-NOPERM no\r\n");
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, answer, argument);
}

static void asks_what_fits_the_mode(void **state)
{
    static const struct {
        enum redis_mode mode;
        const char *reply, *nodes;
    } cases[] = {
        {REDIS_MODE_CLUSTER, "*1\r\n" RANGE(3, 0, 16383) NODE(2, "h1", 1), "h1:1 m0"},
        {REDIS_MODE_CLUSTER, "*0\r\n", "10.0.0.1:6379 s0"},
        {REDIS_MODE_CLUSTER, "-NOPERM no\r\n", "10.0.0.1:6379 s0"},
        {REDIS_MODE_STANDALONE, "$12\r\nrole:slave\r\n\r\n", "10.0.0.1:6379 s0"},
        {REDIS_MODE_STANDALONE, "-ERR no\r\n", "10.0.0.1:6379 s0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_server server;
        struct redis_connection *connection;
        struct redis_probe probe = {.mode = cases[i].mode, .role = REDIS_ROLE_REPLICA};
        struct redis_nodes nodes;
        struct error err = {0};
        char shown[SHOWN_MAX];
        fake_server_start(&server, serve, (void *)(uintptr_t)cases[i].reply);
        struct redis_target target = fake_server_target(&server);
        assert_int_equal(
            redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err), 0);
        assert_int_equal(redis_nodes_ask(connection, &probe, &reached, NULL, &nodes, &err), 0);
        show(&nodes, shown);
        assert_string_equal(shown, cases[i].nodes);
        redis_nodes_release(&nodes);
        redis_connection_free(connection);
        fake_server_stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_recorded_clusters), cmocka_unit_test(reads_slots),
        cmocka_unit_test(bounds_the_nodes),        cmocka_unit_test(reads_replication),
        cmocka_unit_test(asks_what_fits_the_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
