/* Which errors pass by themselves, what the others mean, and asking again. */
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

#include "fake_server.h"
#include "redis/retry.h"
#include "unit.h"

static struct redis_reply error_of(const char *text)
{
    return (struct redis_reply){.kind = REDIS_ERROR, .text = text_of(text)};
}

static void says_what_errors_mean(void **state)
{
    static const struct {
        const char *reply;
        enum error_code code;
        const char *meaning;
    } cases[] = {
        {"LOADING Redis is loading the dataset in memory", ERROR_REDIS_UNREADY, "(the server is"},
        {"LOADING", ERROR_REDIS_UNREADY, "still loading"},
        {"LOADINGS", ERROR_REDIS_REFUSED, "SCAN: LOADINGS"},
        {"BUSY Redis is busy running a script.", ERROR_REDIS_UNREADY, "script holds"},
        {"BUSYKEY Target key name already exists.", ERROR_REDIS_REFUSED, "exists."},
        {"MASTERDOWN Link with MASTER is down", ERROR_REDIS_UNREADY, "lost its master"},
        {"CLUSTERDOWN The cluster is down", ERROR_REDIS_UNREADY, "nobody serves"},
        {"TRYAGAIN Multiple keys request", ERROR_REDIS_UNREADY, "being moved"},
        {"OOM command not allowed", ERROR_REDIS_UNREADY, "maxmemory"},
        {"ERR max number of clients reached", ERROR_REDIS_UNREADY, "maxclients)"},
        {"ERR max number of clients + cluster connections reached", ERROR_REDIS_UNREADY,
         "maxclients)"},
        {"NOAUTH Authentication required.", ERROR_REDIS_REFUSED, "none is registered"},
        {"WRONGPASS invalid username-password pair", ERROR_REDIS_REFUSED, "password is wrong"},
        {"ERR invalid password", ERROR_REDIS_REFUSED, "(the registered password is wrong)"},
        {"ERR Client sent AUTH, but no password is set", ERROR_REDIS_REFUSED, "server has none"},
        {"ERR AUTH <password> called without any password configured", ERROR_REDIS_REFUSED,
         "server has none"},
        {"ERR wrong number of arguments for 'auth' command", ERROR_REDIS_REFUSED, "before 6.0"},
        {"NOPERM this user has no permissions", ERROR_REDIS_REFUSED, "ACL must allow it"},
        {"DENIED Redis is running in protected mode", ERROR_REDIS_REFUSED, "own machine"},
        {"READONLY You can't write against a read only replica.", ERROR_REDIS_REFUSED, "a replica"},
        {"MISCONF Errors writing to the AOF file", ERROR_REDIS_REFUSED, "to disk"},
        {"ERR unknown command 'SCAN'", ERROR_REDIS_REFUSED, "renamed"},
        {"ERR unknown command `SCAN`, with", ERROR_REDIS_REFUSED, "renamed"},
        {"ERR Unknown subcommand or wrong number", ERROR_REDIS_REFUSED, "too old"},
        {"ERR SELECT is not allowed in cluster mode", ERROR_REDIS_REFUSED, "database 0"},
        {"ERR This instance has cluster support disabled", ERROR_REDIS_REFUSED, "no node"},
        {"ERR something else", ERROR_REDIS_REFUSED, "SCAN: ERR something else"},
        {"", ERROR_REDIS_REFUSED, "SCAN: "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_reply reply = error_of(cases[i].reply);
        struct error err = {0};
        assert_int_equal(redis_reply_unexpected(&reply, "SCAN", &err), -1);
        if (err.code != cases[i].code || !strstr(err.text, cases[i].meaning))
            fail_msg("case %zu: %s: %s", i, error_describe(err.code)->symbol, err.text);
        if (redis_reply_passes(&reply) != (cases[i].code == ERROR_REDIS_UNREADY))
            fail_msg("case %zu: passes or does not", i);
    }
}

static void other_replies_do_not_pass(void **state)
{
    const struct redis_reply replies[] = {{REDIS_STATUS, .text = TEXT("LOADING")},
                                          {REDIS_STRING, .text = TEXT("BUSY")},
                                          {REDIS_INTEGER, .integer = 1},
                                          {.kind = REDIS_NIL},
                                          {.kind = REDIS_ARRAY}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++)
        assert_false(redis_reply_passes(&replies[i]));
}

static int count_down(void *argument, struct error *err)
{
    int *left = argument;
    return (*left)-- > 0 ? 0 : error_set(err, ERROR_SCAN_CANCELLED, "enough");
}

static void waits_longer_and_longer(void **state)
{
    struct redis_reply busy = error_of("BUSY"), fine = {.kind = REDIS_NIL};
    struct redis_retry retry = {0};
    struct error err = {0};
    int left = 100;
    struct redis_interrupt interrupt = {count_down, &left};
    (void)state;
    assert_int_equal(redis_retry_wait(&retry, &fine, interrupt, &err), 0);
    assert_int_equal(left, 100);
    assert_int_equal(redis_retry_wait(&retry, &busy, interrupt, &err), 1);
    assert_int_equal(retry.nap_ms, 2 * REDIS_RETRY_NAP_LEAST_MS);
    assert_int_equal(redis_retry_wait(&retry, &busy, interrupt, &err), 1);
    assert_int_equal(retry.nap_ms, 4 * REDIS_RETRY_NAP_LEAST_MS);
    assert_true(left < 100);
    retry.since -= REDIS_RETRY_MS;
    left = 100;
    assert_int_equal(redis_retry_wait(&retry, &busy, interrupt, &err), 0);
    assert_int_equal(left, 100);
    assert_int_equal(redis_retry_wait(&retry, &fine, interrupt, &err), 0);
    assert_int_equal(retry.since, 0);
    left = 0;
    assert_int_equal(redis_retry_wait(&retry, &busy, interrupt, &err), -1);
    assert_int_equal(err.code, ERROR_SCAN_CANCELLED);
}

static size_t load_twice(void *argument, const struct text *words, int count, char *ret_bytes,
                         size_t size)
{
    int *asked = argument;
    bool ours = count == 1 && text_equals(words[0], TEXT("DBSIZE"));
    return (size_t)snprintf(ret_bytes, size, "%s",
                            !ours           ? "+OK\r\n"
                            : ++*asked <= 2 ? "-LOADING\r\n"
                                            : ":7\r\n");
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, load_twice, argument);
}

static void asks_again(void **state)
{
    const struct text words[] = {TEXT("DBSIZE")};
    const struct redis_reply *reply;
    struct redis_connection *connection;
    struct fake_server server;
    struct error err = {0};
    int asked = 0;
    (void)state;
    fake_server_start(&server, serve, &asked);
    struct redis_target target = fake_server_target(&server);
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     0);
    assert_int_equal(
        redis_retry_call(connection, words, 1, (struct redis_interrupt){0}, &reply, &err), 0);
    assert_int_equal(reply->kind, REDIS_INTEGER);
    assert_int_equal(reply->integer, 7);
    redis_connection_free(connection);
    fake_server_stop(&server);
    assert_int_equal(asked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_errors_mean),
        cmocka_unit_test(other_replies_do_not_pass),
        cmocka_unit_test(waits_longer_and_longer),
        cmocka_unit_test(asks_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
