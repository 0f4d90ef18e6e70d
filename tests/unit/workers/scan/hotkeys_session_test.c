/* Hot keys by HOTKEYS: a server that measures, alone or for somebody else, as Redis 8.6 answers. */
#include "hotkeys_session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "rules.h"
#include "unit.h"

enum { LOG_MAX = 512 };

/* Of the session's keys, `gone` is not in database 0, and `own` is a stream. */
static const char cpu[] =
    "$14\r\nby-cpu-time-us\r\n*10\r\n$1\r\nx\r\n:1000\r\n$2\r\ny\xff\r\n:500\r\n"
    "$4\r\ngone\r\n:400\r\n$3\r\nown\r\n:300\r\n$1\r\nz\r\n:1\r\n";
static const char keys[] =
    "[{\"name\":\"x\",\"type\":\"string\",\"db\":0,\"size\":9,\"unit\":\"byte\",\"freq\":255},"
    "{\"name\":\"y\\\\xff\",\"type\":\"list\",\"db\":0,\"size\":2,\"unit\":\"count\",\"freq\":128},"
    "{\"name\":\"z\",\"type\":\"hash\",\"db\":0,\"size\":1,\"unit\":\"count\",\"freq\":1}]";

struct server {
    bool missing;         /* there is no such command */
    bool foreign;         /* a session runs already */
    bool flat;            /* GET without the outer array */
    const char *start;    /* the answer to START, where it is another */
    const char *measured; /* the last field and its value; null: GET says nil */
    int active_looks;     /* GETs before the session has ended by itself */
    int shift_after;      /* GETs after which it is another session; 0: never */
    int step_ms;          /* by which it is older from GET to GET */
    int looks;
    char log[LOG_MAX];
};

static size_t answer_get(struct server *server, char *ret_bytes, size_t size)
{
    int looks = server->looks++;
    if (!server->measured)
        return (size_t)snprintf(ret_bytes, size, "$-1\r\n");
    return (size_t)snprintf(
        ret_bytes, size,
        "%s*%d\r\n$15\r\ntracking-active\r\n:%d\r\n$12\r\nsample-ratio\r\n:1\r\n"
        "$14\r\nselected-slots\r\n*1\r\n*2\r\n:0\r\n:16383\r\n"
        "$29\r\ncollection-start-time-unix-ms\r\n:%d\r\n$22\r\ncollection-duration-ms\r\n:%d\r\n%s",
        server->flat ? "" : "*1\r\n", server->measured[0] ? 12 : 10, looks < server->active_looks,
        server->shift_after && looks >= server->shift_after ? 2222 : 1111, looks * server->step_ms,
        server->measured);
}

static size_t answer_hotkeys(struct server *server, const struct text *words, int count,
                             char *ret_bytes, size_t size)
{
    size_t length = strlen(server->log);
    for (int i = 1; i < count; i++)
        length += (size_t)snprintf(server->log + length, LOG_MAX - length, "%.*s%s",
                                   (int)words[i].length, words[i].bytes, i + 1 < count ? " " : ";");
    if (text_equals(words[1], TEXT("GET")))
        return answer_get(server, ret_bytes, size);
    if (text_equals(words[1], TEXT("START")) && server->start)
        return (size_t)snprintf(ret_bytes, size, "%s", server->start);
    if (text_equals(words[1], TEXT("START")) && server->foreign)
        return (size_t)snprintf(ret_bytes, size,
                                "-ERR hotkey tracking session already in progress\r\n");
    return (size_t)snprintf(ret_bytes, size, "+OK\r\n");
}

static size_t answer(void *argument, const struct text *words, int count, char *ret_bytes,
                     size_t size)
{
    static const struct {
        const char *command, *answer;
    } answers[] = {
        {"TYPE x", "+string\r\n"}, {"STRLEN x", ":9\r\n"},     {"TYPE y\xff", "+list\r\n"},
        {"LLEN y\xff", ":2\r\n"},  {"TYPE gone", "+none\r\n"}, {"TYPE own", "+stream\r\n"},
        {"TYPE z", "+hash\r\n"},   {"HLEN z", ":1\r\n"},
    };
    struct server *server = argument;
    char line[256];
    if (text_equals(words[0], TEXT("HOTKEYS")))
        return answer_hotkeys(server, words, count, ret_bytes, size);
    if (text_equals(words[0], TEXT("COMMAND")))
        return (size_t)snprintf(ret_bytes, size, "%s",
                                server->missing ? "*1\r\n*-1\r\n"
                                                : "*1\r\n*1\r\n$7\r\nhotkeys\r\n");
    if (text_equals(words[0], TEXT("INFO")))
        return put_answer("redis_version:8.6.0\nrole:master\nmaxmemory_policy:noeviction\n"
                          "expired_keys:0\ndb0:keys=9,expires=0\ndb4:keys=9,expires=0\n",
                          ret_bytes, size);
    snprintf(line, sizeof(line), "%.*s %.*s", (int)words[0].length, words[0].bytes,
             (int)words[count - 1].length, words[count - 1].bytes);
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strcmp(line, answers[i].command) == 0)
            return (size_t)snprintf(ret_bytes, size, "%s", answers[i].answer);
    }
    return (size_t)snprintf(ret_bytes, size, "-ERR unexpected '%s'\r\n", line);
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, answer, argument);
}

/* Two seconds are left, of which the session gets one. */
#define START_SHORT "START METRICS 1 CPU COUNT 64 DURATION 1;"
#define START_WHOLE "START METRICS 1 CPU COUNT 64 DURATION 10;"
enum { SHORT_MS = 3500 };

static void test_sessions(void **state)
{
    static const struct {
        struct server server;
        const char *log;
    } cases[] = {
        /* ends by itself */
        {{.measured = cpu, .active_looks = 1, .step_ms = 950}, START_SHORT "GET;GET;RESET;"},
        {{.measured = cpu, .flat = true}, START_SHORT "GET;RESET;"},
        /* does not end by itself */
        {{.measured = cpu, .active_looks = 9, .step_ms = 1100}, START_SHORT "GET;GET;STOP;RESET;"},
        /* somebody else's, which is left as it is */
        {{.measured = cpu, .active_looks = 9, .step_ms = 1100, .foreign = true},
         START_SHORT "GET;GET;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct server server = cases[i].server;
        struct run run = {
            .kind = SCAN_KIND_HOTKEY, .hotkeys_command = true, .timeout_ms = SHORT_MS};
        run_scan_of(&run, serve, &server);
        assert_string_equal(run.err.text, "");
        assert_string_equal(run.outcome.keys, keys);
        assert_int_equal(run.outcome.num, 3);
        assert_int_equal(run.outcome.keys_seen, 5);
        assert_string_equal(server.log, cases[i].log);
        scan_outcome_release(&run.outcome);
    }
}

static void test_failures(void **state)
{
    static const struct {
        struct server server;
        enum error_code code;
        const char *text, *log;
    } cases[] = {
        {{.missing = true}, ERROR_HOTKEY_UNSUPPORTED, "there is no HOTKEYS", ""},
        {{.start = "-NOPERM this user\r\n", .measured = NULL},
         ERROR_REDIS_REFUSED,
         "HOTKEYS START: NOPERM this user",
         START_SHORT "GET;"},
        {{.start = ":1\r\n"}, ERROR_REDIS_PROTOCOL, "HOTKEYS START: unexpected reply", START_SHORT},
        {{.measured = NULL}, ERROR_REDIS_REFUSED, "has reset the session", START_SHORT "GET;"},
        {{.measured = cpu, .active_looks = 9, .shift_after = 1, .step_ms = 950},
         ERROR_REDIS_REFUSED,
         "has reset the session",
         START_SHORT "GET;GET;"},
        {{.measured = "", .active_looks = 9, .step_ms = 2000, .foreign = true},
         ERROR_REDIS_REFUSED,
         "without the metric CPU",
         START_SHORT "GET;GET;"},
        {{.measured = "$14\r\nby-cpu-time-us\r\n*1\r\n$1\r\nx\r\n"},
         ERROR_REDIS_PROTOCOL,
         "HOTKEYS GET: malformed",
         START_SHORT "GET;"},
        {{.measured = "$14\r\nby-cpu-time-us\r\n*2\r\n$1\r\nx\r\n:-1\r\n"},
         ERROR_REDIS_PROTOCOL,
         "HOTKEYS GET: malformed",
         START_SHORT "GET;"},
        {{.measured = "$14\r\nby-cpu-time-us\r\n*2\r\n:1\r\n:1\r\n"},
         ERROR_REDIS_PROTOCOL,
         "HOTKEYS GET: malformed",
         START_SHORT "GET;"},
        {{.measured = "$15\r\ntracking-active\r\n$1\r\n1\r\n"},
         ERROR_REDIS_PROTOCOL,
         "HOTKEYS GET: malformed",
         START_SHORT "GET;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct server server = cases[i].server;
        struct run run = {
            .kind = SCAN_KIND_HOTKEY, .hotkeys_command = true, .timeout_ms = SHORT_MS};
        run_scan_of(&run, serve, &server);
        if (run.err.code != cases[i].code || !strstr(run.err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(run.err.code)->symbol, run.err.text);
        assert_int_equal(strncmp(run.err.text, "127.0.0.1:", 10), 0);
        assert_string_equal(server.log, cases[i].log);
    }
}

/* One that is told to stop takes its own session with it, and nobody else's. */
static void test_stopped(void **state)
{
    static const struct {
        int64_t timeout_ms, stop_after_ms;
        bool foreign;
        enum error_code code;
        const char *log;
    } cases[] = {
        {60000, 300, false, ERROR_SCAN_CANCELLED, START_WHOLE "GET;STOP;RESET;"},
        {60000, 300, true, ERROR_SCAN_CANCELLED, START_WHOLE "GET;GET;"},
        {400, 0, false, ERROR_SCAN_DEADLINE, START_SHORT "GET;STOP;RESET;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct server server = {.measured = cpu, .active_looks = 99, .foreign = cases[i].foreign};
        struct run run = {.kind = SCAN_KIND_HOTKEY,
                          .hotkeys_command = true,
                          .timeout_ms = cases[i].timeout_ms,
                          .stop_after_ms = cases[i].stop_after_ms};
        run_scan_of(&run, serve, &server);
        assert_int_equal(run.err.code, cases[i].code);
        assert_in_range(clock_monotonic_ms() - run.started, 300, 1000);
        assert_string_equal(server.log, cases[i].log);
    }
}

static void test_not_agreed_to(void **state)
{
    struct server server = {.measured = cpu};
    struct run run = {.kind = SCAN_KIND_HOTKEY};
    (void)state;
    run_scan_of(&run, serve, &server);
    assert_int_equal(run.err.code, ERROR_HOTKEY_UNSUPPORTED);
    assert_string_equal(server.log, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_not_agreed_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
