/* A connection against servers that stall, cut, lie and refuse. */
#include "redis/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "fake_server.h"
#include "redis/probe.h"
#include "unit.h"

static const struct text ping[] = {{"PING", 4}};

struct play {
    bool greet;
    const char *bytes; /* sent after the first command that follows */
    bool reset;
    bool stay; /* until the client closes */
};

static void serve_play(int socket, void *argument)
{
    const struct play *play = argument;
    if (play->greet) {
        fake_greet(socket);
        fake_skip_commands(socket, 1);
    }
    fake_send_text(socket, play->bytes);
    if (play->reset)
        fake_reset(socket);
    if (play->stay)
        fake_wait_closed(socket);
}

/* Opens, sends PING and takes one reply. */
static int play_once(struct play *play, struct redis_target *change, struct error *err)
{
    struct redis_connection *connection = NULL;
    const struct redis_reply *reply;
    struct fake_server server;
    fake_server_start(&server, serve_play, play);
    struct redis_target target = fake_server_target(&server);
    if (change && change->reply_timeout_ms)
        target.reply_timeout_ms = change->reply_timeout_ms;
    if (change && change->connect_timeout_ms)
        target.connect_timeout_ms = change->connect_timeout_ms;
    if (change)
        target.password = change->password;
    if (change)
        target.username = change->username;
    int result = redis_connection_open(&target, (struct redis_interrupt){0}, &connection, err);
    if (result == 0)
        result = redis_connection_call(connection, ping, 1, &reply, err);
    redis_connection_free(connection);
    fake_server_stop(&server);
    return result;
}

static void test_hostile_servers(void **state)
{
    static struct {
        struct play play;
        enum error_code code;
        const char *text;
    } cases[] = {
        {{true, "+PONG\r\n", false, true}, ERROR_NONE, ""},
        {{true, "-NOAUTH no\r\n", false, true}, ERROR_NONE, ""},
        {{true, "", false, true}, ERROR_REDIS_TIMEOUT, "no reply within 300 ms"},
        {{true, "$10\r\nhalf", false, true}, ERROR_REDIS_TIMEOUT, "no reply within 300 ms"},
        {{true, "$10\r\nhalf", false, false}, ERROR_REDIS_CONNECTION, "closed by the server"},
        {{true, "", true, false}, ERROR_REDIS_CONNECTION, "onnection"},
        {{true, "$1000000000000\r\n", false, true}, ERROR_REDIS_PROTOCOL, "more than 16 MiB"},
        {{true, "*999999999\r\n", false, true}, ERROR_REDIS_PROTOCOL, "262144 elements"},
        {{true, "SSH-2.0-OpenSSH\r\n", false, true}, ERROR_REDIS_PROTOCOL, "Protocol error"},
        {{true, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", false, true},
         ERROR_REDIS_PROTOCOL,
         "nested"},
        {{false, "", false, false}, ERROR_REDIS_CONNECTION, "onnection"},
        {{false, "", false, true}, ERROR_REDIS_TIMEOUT, "no reply within 400 ms"},
        {{false, "HTTP/1.0 400\r\n\r\n", false, true}, ERROR_REDIS_PROTOCOL, "Protocol error"},
        {{false, "", false, false}, ERROR_REDIS_CONNECTION, "does the port expect TLS?"},
        {{false, "\x15\x03\x03\x00\x02\x02\x46", false, false},
         ERROR_REDIS_CONNECTION,
         "the port expects TLS"},
        {{false, "-NOAUTH Authentication required.\r\n", false, true},
         ERROR_REDIS_REFUSED,
         "CLIENT SETNAME: NOAUTH Authentication required."},
        {{false, "-DENIED Redis is running in protected mode\r\n", false, false},
         ERROR_REDIS_REFUSED,
         "turned away: DENIED Redis is running in protected mode"},
        {{false, "-ERR max number of clients reached\r\n", false, false},
         ERROR_REDIS_UNREADY,
         "turned away: ERR max number of clients reached"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_target change = {.reply_timeout_ms = 300, .connect_timeout_ms = 400};
        struct error err = {0};
        int64_t started = clock_monotonic_ms();
        play_once(&cases[i].play, &change, &err);
        if (err.code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(err.code)->symbol, err.text);
        assert_true(err.code == ERROR_NONE || strncmp(err.text, "127.0.0.1:", 10) == 0);
        assert_true(clock_monotonic_ms() - started < 1500);
    }
}

static void test_passwords_are_not_quoted(void **state)
{
    static struct {
        const char *answer, *text;
    } cases[] = {
        {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
         "AUTH: WRONGPASS invalid username-password pair or user is disabled."},
        {"-ERR Client sent AUTH, but no password is set\r\n",
         "AUTH: ERR Client sent AUTH, but no password is set"},
        {"-ERR unknown command `AUTH`, with args beginning with: `open sesame`, \r\n",
         "AUTH: refused in words that cannot be shown"},
        {"-ERR unknown command `AUTH`, with args beginning with: `open ses\r\n",
         "AUTH: refused in words that cannot be shown"},
        {"$11\r\nopen sesame\r\n", "AUTH: unexpected reply: a string"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct play play = {.bytes = cases[i].answer, .stay = true};
        struct redis_target change = {.password = "open sesame"};
        struct error err = {0};
        assert_int_equal(play_once(&play, &change, &err), -1);
        if (!strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s", i, err.text);
    }
}

/* Before Redis 6 AUTH took a password only. */
static void test_users_before_there_were_any(void **state)
{
    static const char answer[] = "-ERR wrong number of arguments for 'auth' command\r\n";
    static const char *const users[] = {"default", "scanner"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        struct play play = {.bytes = answer, .stay = true};
        struct redis_target change = {.username = users[i], .password = "open sesame"};
        struct error err = {0};
        assert_int_equal(play_once(&play, &change, &err), -1);
        assert_int_equal(err.code, ERROR_REDIS_REFUSED);
        assert_non_null(strstr(err.text, "AUTH: the server knows no users, as before Redis 6"));
    }
}

static void test_nobody_listens(void **state)
{
    struct fake_server server;
    struct play play = {.bytes = ""};
    struct redis_connection *connection;
    struct error err = {0};
    char expected[64];
    (void)state;
    fake_server_start(&server, serve_play, &play);
    struct redis_target target = fake_server_target(&server);
    fake_server_stop(&server);
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     -1);
    snprintf(expected, sizeof(expected), "127.0.0.1:%d: connection refused", server.port);
    assert_string_equal(err.text, expected);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
}

static void test_name_without_address(void **state)
{
    struct redis_target target = {.endpoint = {"no-such-host.invalid", 6379},
                                  .outbound = fake_outbound(),
                                  .connect_timeout_ms = 1000};
    struct redis_connection *connection;
    struct error err = {0};
    (void)state;
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    assert_non_null(strstr(err.text, "no-such-host.invalid:6379: the name does not resolve"));
}

static int stop_after(void *argument, struct error *err)
{
    return clock_monotonic_ms() < *(int64_t *)argument
               ? 0
               : error_set(err, ERROR_SCAN_CANCELLED, "cancelled");
}

static void test_waits_are_interrupted(void **state)
{
    struct play play = {.greet = true, .bytes = "$5\r\nab", .stay = true};
    struct redis_connection *connection = NULL;
    const struct redis_reply *reply;
    struct fake_server server;
    struct error err = {0};
    int64_t started = clock_monotonic_ms(), stop_at = started + 300;
    (void)state;
    fake_server_start(&server, serve_play, &play);
    struct redis_target target = fake_server_target(&server);
    target.reply_timeout_ms = 60000;
    struct redis_interrupt interrupt = {stop_after, &stop_at};
    assert_int_equal(redis_connection_open(&target, interrupt, &connection, &err), 0);
    assert_int_equal(redis_connection_call(connection, ping, 1, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_SCAN_CANCELLED);
    assert_in_range(clock_monotonic_ms() - started, 300, 900);
    redis_connection_free(connection);
    fake_server_stop(&server);
}

/* A server that drips a byte now and then is never silent and still too slow. */
static void serve_drip(int socket, void *argument)
{
    (void)argument;
    fake_greet(socket);
    for (int i = 0; i < 40; i++) {
        struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        fake_send_text(socket, i == 0 ? "+" : "x");
        nanosleep(&pause, NULL);
    }
}

static void test_a_dripping_server_times_out(void **state)
{
    struct redis_connection *connection = NULL;
    const struct redis_reply *reply;
    struct fake_server server;
    struct error err = {0};
    (void)state;
    fake_server_start(&server, serve_drip, NULL);
    struct redis_target target = fake_server_target(&server);
    target.reply_timeout_ms = 200;
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     0);
    assert_int_equal(redis_connection_call(connection, ping, 1, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_TIMEOUT);
    redis_connection_free(connection);
    fake_server_stop(&server);
}

enum { LARGE = 7 << 20, PIECE = 1 << 20 };

/* Sends all of a large reply before it reads the rest of a large command: with blocking writes on
 * the other side both would wait for ever. */
static void serve_large(int socket, void *argument)
{
    char *bytes = calloc(1, PIECE);
    const int small = 64 << 10;
    (void)argument;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    fake_greet(socket);
    fake_send_text(socket, "$7340032\r\n");
    for (int sent = 0; sent < LARGE; sent += PIECE)
        fake_send(socket, bytes, PIECE);
    fake_send_text(socket, "\r\n");
    for (int64_t taken = 0; taken < LARGE;) {
        ssize_t moved = recv(socket, bytes, PIECE, 0);
        if (moved <= 0)
            break;
        taken += moved;
    }
    fake_send_text(socket, "+OK\r\n");
    fake_wait_closed(socket);
    free(bytes);
}

static void test_full_buffers_do_not_stop_both_sides(void **state)
{
    struct redis_connection *connection = NULL;
    const struct redis_reply *reply;
    struct fake_server server;
    struct error err = {0};
    char *bytes = calloc(1, LARGE);
    const struct text words[] = {{"ECHO", 4}, {bytes, LARGE}};
    (void)state;
    fake_server_start(&server, serve_large, NULL);
    struct redis_target target = fake_server_target(&server);
    target.reply_timeout_ms = 20000;
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     0);
    assert_int_equal(redis_connection_call(connection, words, 2, &reply, &err), 0);
    assert_int_equal(reply->kind, REDIS_STRING);
    assert_int_equal(reply->text.length, LARGE);
    assert_int_equal(redis_connection_next(connection, &reply, &err), 0);
    assert_true(redis_reply_is(reply, REDIS_STATUS, TEXT("OK")));
    redis_connection_free(connection);
    fake_server_stop(&server);
    free(bytes);
}

/* The server has closed, the first write brings a reset and the next one EPIPE: no signal is
 * raised, and the end is told when reading, after the reply that came before. */
static void test_writes_to_a_dead_server(void **state)
{
    struct play play = {.greet = true, .bytes = "+PONG\r\n"};
    struct redis_connection *connection = NULL;
    const struct redis_reply *reply;
    struct fake_server server;
    struct error err = {0};
    (void)state;
    fake_server_start(&server, serve_play, &play);
    struct redis_target target = fake_server_target(&server);
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     0);
    redis_connection_append(connection, ping, 1, &err);
    redis_connection_flush(connection);
    fake_server_stop(&server);
    for (int i = 0; i < 3; i++) {
        redis_connection_append(connection, ping, 1, &err);
        redis_connection_flush(connection);
    }
    assert_int_equal(redis_connection_next(connection, &reply, &err), 0);
    assert_true(redis_reply_is(reply, REDIS_STATUS, TEXT("PONG")));
    assert_int_equal(redis_connection_next(connection, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    redis_connection_free(connection);
}

/* Refuses CONFIG, as managed services do. */
static size_t answer_probe(void *argument, const struct text *words, int count, char *ret_bytes,
                           size_t size)
{
    const char *info = argument;
    (void)count;
    if (text_equals(words[0], TEXT("INFO")))
        return (size_t)snprintf(ret_bytes, size, "$%zu\r\n%s\r\n", strlen(info), info);
    return (size_t)snprintf(ret_bytes, size, "-NOPERM no\r\n");
}

static void serve_probe(int socket, void *argument)
{
    fake_serve_commands(socket, answer_probe, argument);
}

static void test_probe_without_config(void **state)
{
    static char info[] = "redis_version:7.0.15\r\nrole:slave\r\nused_memory:5\r\n";
    struct fake_server server;
    struct redis_probe probe;
    struct error err = {0};
    (void)state;
    fake_server_start(&server, serve_probe, info);
    struct redis_target target = fake_server_target(&server);
    struct redis_connection *connection;
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err),
                     0);
    int result = redis_probe_connection(connection, &probe, &err);
    redis_connection_free(connection);
    fake_server_stop(&server);
    assert_string_equal(err.text, "");
    assert_int_equal(result, 0);
    assert_int_equal(probe.role, REDIS_ROLE_REPLICA);
    assert_int_equal(probe.databases, 16);
    assert_string_equal(probe.maxmemory_policy, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_servers),
        cmocka_unit_test(test_passwords_are_not_quoted),
        cmocka_unit_test(test_users_before_there_were_any),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_name_without_address),
        cmocka_unit_test(test_waits_are_interrupted),
        cmocka_unit_test(test_a_dripping_server_times_out),
        cmocka_unit_test(test_full_buffers_do_not_stop_both_sides),
        cmocka_unit_test(test_writes_to_a_dead_server),
        cmocka_unit_test(test_probe_without_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
