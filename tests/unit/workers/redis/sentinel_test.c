/* What a Sentinel's answers are taken for, also those of old ones and of what is none. */
#include "redis/sentinel.h"

#include <stdio.h>
#include <string.h>

#include "fake_server.h"
#include "unit.h"

#define NAMED(name) "*2\r\n$4\r\nname\r\n" name
#define MAIN NAMED("$4\r\nmain\r\n")
#define AT "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n"
#define REPLICA(ip, flags)                                                                         \
    "*6\r\n$2\r\nip\r\n" ip "$4\r\nport\r\n$4\r\n6380\r\n$5\r\nflags\r\n" flags

struct answers {
    const char *masters, *address, *replicas, *slaves;
};

static size_t answer(void *argument, const struct text *words, int count, char *ret_bytes,
                     size_t size)
{
    const struct answers *answers = argument;
    const char *bytes = "-ERR unknown\r\n";
    if (count > 1 && text_equals(words[0], TEXT("SENTINEL"))) {
        bool right = count == 2 || text_equals(words[2], TEXT("main"));
        if (text_equals(words[1], TEXT("masters")))
            bytes = answers->masters;
        else if (text_equals(words[1], TEXT("get-master-addr-by-name")))
            bytes = right ? answers->address : "*-1\r\n";
        else if (text_equals(words[1], TEXT("replicas")))
            bytes = answers->replicas;
        else if (text_equals(words[1], TEXT("slaves")))
            bytes = answers->slaves;
    }
    return (size_t)snprintf(ret_bytes, size, "%s", bytes ? bytes : "-ERR unknown\r\n");
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, answer, argument);
}

static int go_on(void *argument, struct error *err)
{
    (void)argument;
    (void)err;
    return 0;
}

static int ask(const struct answers *answers, const char *master, const struct address_map *map,
               struct redis_sentinel_view *view, struct error *err)
{
    struct fake_server server;
    struct redis_connection *connection;
    struct answers copy = *answers;
    fake_server_start(&server, serve, &copy);
    struct redis_target target = fake_server_target(&server);
    assert_int_equal(
        redis_connection_open(&target, (struct redis_interrupt){go_on, NULL}, &connection, err), 0);
    int status = redis_sentinel_ask(connection, master, map, view, err);
    redis_connection_free(connection);
    fake_server_stop(&server);
    return status;
}

static void names_master_and_replicas(void **state)
{
    static const char replicas[] = "*4\r\n" REPLICA("$8\r\n10.0.0.2\r\n", "$5\r\nslave\r\n")
        REPLICA("$8\r\n10.0.0.3\r\n", "$12\r\nslave,s_down\r\n")
            REPLICA("$8\r\n10.0.0.4\r\n", "$18\r\nslave,disconnected\r\n")
                REPLICA("$1\r\n?\r\n", "$5\r\nslave\r\n");
    static const struct {
        struct answers answers;
        const char *master;
    } cases[] = {
        {{"*1\r\n" MAIN, AT, replicas, NULL}, NULL},
        {{"*1\r\n" MAIN, AT, replicas, NULL}, "main"},
        {{NULL, AT, replicas, NULL}, "main"}, /* only that is asked for */
        {{"*1\r\n" MAIN, AT, NULL, replicas}, NULL},
    };
    struct address_map map;
    struct error err = {0};
    (void)state;
    assert_int_equal(address_map_parse("10.0.0.2:6380=192.0.2.1:7", &map, &err), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_sentinel_view view;
        if (ask(&cases[i].answers, cases[i].master, &map, &view, &err) < 0)
            fail_msg("case %zu: %s", i, err.text);
        assert_int_equal(view.count, 2);
        assert_string_equal(view.items[0].host, "10.0.0.1");
        assert_int_equal(view.items[0].port, 6379);
        assert_string_equal(view.items[1].host, "192.0.2.1");
        assert_int_equal(view.items[1].port, 7);
    }
    address_map_release(&map);
}

static void refuses(void **state)
{
    static const struct {
        struct answers answers;
        const char *master;
        enum error_code code;
        const char *text;
    } cases[] = {
        {{"*0\r\n", AT, "*0\r\n", NULL}, NULL, ERROR_REDIS_REFUSED, "watches no master"},
        {{"*2\r\n" MAIN NAMED("$5\r\nother\r\n"), AT, "*0\r\n", NULL},
         NULL,
         ERROR_REDIS_REFUSED,
         "several masters"},
        {{"*1\r\n" MAIN, AT, "*0\r\n", NULL}, "third", ERROR_REDIS_REFUSED, "of that name"},
        {{"*1\r\n*0\r\n", AT, "*0\r\n", NULL}, NULL, ERROR_REDIS_PROTOCOL, "masters"},
        {{"*1\r\n" NAMED("$0\r\n\r\n"), AT, "*0\r\n", NULL}, NULL, ERROR_REDIS_PROTOCOL, "masters"},
        {{NULL, AT, "*0\r\n", NULL}, NULL, ERROR_REDIS_REFUSED, "ERR unknown"},
        {{"*1\r\n" MAIN, "+OK\r\n", "*0\r\n", NULL}, NULL, ERROR_REDIS_PROTOCOL, "addr-by-name"},
        {{"*1\r\n" MAIN, "*2\r\n$1\r\n?\r\n$1\r\n1\r\n", "*0\r\n", NULL},
         NULL,
         ERROR_REDIS_PROTOCOL,
         "addr-by-name"},
        {{"*1\r\n" MAIN, AT, NULL, NULL}, NULL, ERROR_REDIS_REFUSED, "slaves: ERR unknown"},
        {{"*1\r\n" MAIN, AT, "+OK\r\n", NULL}, NULL, ERROR_REDIS_PROTOCOL, "slaves"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_sentinel_view view;
        struct error err = {0};
        int status = ask(&cases[i].answers, cases[i].master, NULL, &view, &err);
        if (status == 0 || err.code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %d: %s", i, status, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_master_and_replicas),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
