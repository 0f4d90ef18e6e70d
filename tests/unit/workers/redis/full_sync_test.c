/* A full synchronisation with servers that are old, busy, slow, or lie. */
#include "redis/full_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/scope.h"
#include "fake_server.h"
#include "unit.h"

#define MARK "0123456789abcdef0123456789abcdef01234567"
#define FULL "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 42\r\n"

enum { STEPS_MAX = 4, REPLY_MS = 10000, SHORT_MS = 50, LIFE_MS = 300 };

struct play {
    const char *first, *second;   /* answers to the two REPLCONF; null: OK */
    const char *steps[STEPS_MAX]; /* what is sent from PSYNC on, with the given naps between */
    int nap_ms;
    int reply_ms;     /* the client's patience; 0: REPLY_MS */
    bool before_sync; /* the first step answers PSYNC, the second SYNC */
    bool reset, stay;
};

static void nap(int ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000L};
    nanosleep(&time, NULL);
}

static void serve(int socket, void *argument)
{
    const struct play *play = argument;
    fake_greet(socket);
    fake_skip_commands(socket, 1);
    fake_send_text(socket, play->first ? play->first : "+OK\r\n");
    fake_skip_commands(socket, 1);
    fake_send_text(socket, play->second ? play->second : "+OK\r\n");
    fake_skip_commands(socket, 1);
    for (int i = 0; i < STEPS_MAX && play->steps[i]; i++) {
        if (i > 0 && play->nap_ms > 0)
            nap(play->nap_ms);
        fake_send_text(socket, play->steps[i]);
        if (i == 0 && play->before_sync)
            fake_skip_commands(socket, 1);
    }
    if (play->reset)
        fake_reset(socket);
    if (play->stay)
        fake_wait_closed(socket);
}

/* Takes all of it, `most` bytes at a time, where the server has as many as are wanted, and says
 * that the RDB ended there. */
static int take(struct redis_full_sync *sync, size_t wanted, size_t most, char *ret_text,
                struct error *err)
{
    size_t taken = 0;
    while (taken < wanted) {
        size_t left = wanted - taken < most ? wanted - taken : most;
        ssize_t moved = redis_full_sync_read(sync, ret_text + taken, left, err);
        if (moved <= 0)
            return moved < 0 ? -1 : error_set(err, ERROR_INTERNAL, "ends early");
        taken += (size_t)moved;
    }
    ret_text[taken] = '\0';
    return redis_full_sync_end(sync, (int64_t)taken, err);
}

static int play_once(struct play *play, const char *expected, size_t most, int64_t *ret_offset,
                     struct error *err)
{
    struct redis_connection *connection = NULL;
    SCOPED(redis_full_sync_cleanup) struct redis_full_sync *sync = NULL;
    struct fake_server server;
    char text[128] = "";
    fake_server_start(&server, serve, play);
    struct redis_target target = fake_server_target(&server);
    target.reply_timeout_ms = play->reply_ms > 0 ? play->reply_ms : REPLY_MS;
    int status = redis_connection_open(&target, (struct redis_interrupt){0}, &connection, err);
    if (status == 0)
        status = redis_full_sync_begin(connection, &sync, err);
    if (status == 0) {
        *ret_offset = redis_full_sync_offset(sync);
        status = take(sync, strlen(expected), most, text, err);
    }
    if (status == 0 && strcmp(text, expected) != 0)
        fail_msg("%s instead of %s", text, expected);
    redis_connection_free(connection);
    fake_server_stop(&server);
    return status;
}

static void test_servers_that_do_it(void **state)
{
    static struct {
        struct play play;
        int64_t offset;
    } cases[] = {
        {{.steps = {FULL, "$5\r\nREDIS"}, .stay = true}, 42},
        {{.steps = {FULL "$5\r\nREDIS"}}, 42},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDIS" MARK}}, 42},
        {{.steps = {FULL, "$EOF:" MARK "\r\nRE", "DIS" MARK}, .stay = true, .nap_ms = 5}, 42},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDIS0123456", "789abcdef0123456789abcdef01234567"},
          .stay = true,
          .nap_ms = 5},
         42},
        /* Newlines while the server forks, however long that takes, before either line. */
        {{.steps = {"\n", "\n\n" FULL, "\n", "\n$5\r\nREDIS"},
          .nap_ms = LIFE_MS + SHORT_MS,
          .reply_ms = LIFE_MS},
         42},
        /* Before Redis 7, and before 2.8. */
        {{.second = "-ERR Unrecognized REPLCONF option: rdb-only\r\n",
          .steps = {FULL "$5\r\nREDIS"}},
         42},
        {{.first = "-ERR unknown command 'REPLCONF'\r\n",
          .second = "-ERR unknown command 'REPLCONF'\r\n",
          .steps = {"-ERR unknown command 'PSYNC'\r\n", "\n$5\r\nREDIS"},
          .before_sync = true},
         -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t most = cases[i].play.reply_ms > 0 ? 64 : 1; most <= 64; most *= 8) {
            struct error err = {0};
            int64_t offset = 0;
            if (play_once(&cases[i].play, "REDIS", most, &offset, &err) < 0)
                fail_msg("case %zu: %s", i, err.text);
            assert_int_equal(offset, cases[i].offset);
        }
    }
}

static void test_servers_that_do_not(void **state)
{
    static struct {
        struct play play;
        enum error_code code;
        const char *text;
    } cases[] = {
        {{.steps = {"-NOMASTERLINK Can't SYNC while not connected with my master\r\n"}},
         ERROR_REDIS_UNREADY,
         "PSYNC: NOMASTERLINK Can't SYNC while not connected with my master (the replica has lost "
         "its master"},
        {{.steps = {"-ERR Can't SYNC while not connected with my master\r\n"}},
         ERROR_REDIS_UNREADY,
         "lost its master"},
        {{.steps = {"-LOADING Redis is loading the dataset in memory\r\n"}},
         ERROR_REDIS_UNREADY,
         "still loading"},
        {{.steps = {"-MASTERDOWN Link with MASTER is down\r\n"}},
         ERROR_REDIS_UNREADY,
         "MASTERDOWN"},
        {{.steps = {"\n" FULL "\n-ERR BGSAVE failed, replication can't continue\r\n"}},
         ERROR_REDIS_UNREADY,
         "could not fork"},
        {{.first = "-NOPERM this user has no permissions to run the 'replconf' command\r\n"},
         ERROR_REDIS_REFUSED,
         "REPLCONF: NOPERM"},
        {{.first = "-LOADING Redis is loading\r\n"}, ERROR_REDIS_UNREADY, "REPLCONF: LOADING"},
        {{.second = "+OK\r\n+OK\r\n"}, ERROR_REDIS_PROTOCOL, "more than one answer"},
        {{.steps = {"-NOPERM this user has no permissions to run the 'psync' command\r\n"}},
         ERROR_REDIS_REFUSED,
         "PSYNC: NOPERM"},
        {{.steps = {"-ERR unknown command `PSYNC`\r\n", "-ERR unknown command `SYNC`\r\n"},
          .before_sync = true},
         ERROR_REDIS_REFUSED,
         "unknown command"},
        {{.steps = {"-ERR something else\r\n"}}, ERROR_REDIS_REFUSED, "PSYNC: ERR something else"},
        {{.steps = {"+CONTINUE\r\n"}}, ERROR_REDIS_PROTOCOL, "never begun"},
        {{.steps = {"+OK\r\n"}}, ERROR_REDIS_PROTOCOL, "an answer that is none"},
        {{.steps = {"$5\r\nREDIS"}}, ERROR_REDIS_PROTOCOL, "an answer that is none"},
        {{.steps = {FULL "$-1\r\n"}}, ERROR_REDIS_PROTOCOL, "no length"},
        {{.steps = {FULL "$\r\n"}}, ERROR_REDIS_PROTOCOL, "no length"},
        {{.steps = {FULL "$99999999999999999999\r\n"}}, ERROR_REDIS_PROTOCOL, "no length"},
        {{.steps = {FULL "$EOF:0123\r\n"}}, ERROR_REDIS_PROTOCOL, "no length"},
        {{.steps = {FULL "HTTP/1.1 400\r\n"}}, ERROR_REDIS_PROTOCOL, "no length"},
        {{.steps = {FULL "$5\r\nREDI"}}, ERROR_REDIS_CONNECTION, "after 4 bytes of the RDB: "},
        {{.steps = {FULL "$5\r\nREDI"}, .stay = true, .reply_ms = SHORT_MS},
         ERROR_REDIS_TIMEOUT,
         "after 4 bytes of the RDB: not a byte for 50 ms"},
        {{.steps = {FULL "$5\r\nREDI"}, .reset = true}, ERROR_REDIS_CONNECTION, "after "},
        {{.steps = {FULL "$4\r\nREDIS"}}, ERROR_INTERNAL, "ends early"},
        {{.steps = {FULL "$6\r\nREDIS!"}, .stay = true}, ERROR_REDIS_PROTOCOL, "behind the end"},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDI" MARK}, .stay = true},
         ERROR_INTERNAL,
         "ends early"},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDIS0" MARK}, .stay = true},
         ERROR_REDIS_PROTOCOL,
         "the mark that was announced"},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDIS0123456789012345678901234567890123456789"},
          .stay = true},
         ERROR_REDIS_PROTOCOL,
         "the mark that was announced"},
        {{.steps = {FULL "$EOF:" MARK "\r\nREDIS0123"}, .stay = true, .reply_ms = SHORT_MS},
         ERROR_REDIS_TIMEOUT,
         "not a byte for 50 ms"},
        {{.steps = {FULL}, .stay = true, .reply_ms = SHORT_MS},
         ERROR_REDIS_TIMEOUT,
         "waiting for the RDB: not a byte for 500 ms"},
        {{.steps = {FULL}}, ERROR_REDIS_CONNECTION, "waiting for the RDB: "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        int64_t offset;
        assert_int_equal(play_once(&cases[i].play, "REDIS", 64, &offset, &err), -1);
        if (err.code != cases[i].code || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %s: %s", i, error_describe(err.code)->symbol, err.text);
        if (err.code != ERROR_INTERNAL && strncmp(err.text, "127.0.0.1:", 10) != 0)
            fail_msg("case %zu: %s", i, err.text);
    }
}

/* Signs of life, and nothing else. */
static void test_endless_lines(void **state)
{
    static const struct {
        char filler;
        size_t count;
        const char *text;
    } cases[] = {
        {'\n', REDIS_SYNC_NEWLINES_MAX + 1, "newlines without end"},
        {'x', REDIS_SYNC_LINE_MAX + 1, "a line of more than 1 KiB"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        SCOPED(scope_free) char *text = malloc(cases[i].count + 1);
        struct error err = {0};
        int64_t offset;
        memset(text, cases[i].filler, cases[i].count);
        text[cases[i].count] = '\0';
        struct play play = {.steps = {text}, .stay = true};
        assert_int_equal(play_once(&play, "", 1, &offset, &err), -1);
        assert_int_equal(err.code, ERROR_REDIS_PROTOCOL);
        assert_non_null(strstr(err.text, cases[i].text));
    }
}

static int end_soon(void *argument, struct error *err)
{
    int64_t *until = argument;
    return clock_monotonic_ms() < *until ? 0 : error_set(err, ERROR_SCAN_CANCELLED, "enough");
}

/* While it waits, and while it reads what comes without a wait. */
static void test_it_can_be_interrupted(void **state)
{
    (void)state;
    struct play play = {.steps = {FULL "$1000000\r\n"}, .stay = true};
    struct fake_server server;
    struct redis_connection *connection;
    struct redis_full_sync *sync;
    struct error err = {0};
    char text[16];
    int64_t until = clock_monotonic_ms() + 200;
    fake_server_start(&server, serve, &play);
    struct redis_target target = fake_server_target(&server);
    target.reply_timeout_ms = 60000;
    assert_int_equal(redis_connection_open(&target, (struct redis_interrupt){end_soon, &until},
                                           &connection, &err),
                     0);
    assert_int_equal(redis_full_sync_begin(connection, &sync, &err), 0);
    redis_full_sync_keep_near(sync, 1 << 16);
    assert_int_equal(redis_full_sync_read(sync, text, sizeof(text), &err), -1);
    assert_int_equal(err.code, ERROR_SCAN_CANCELLED);
    redis_full_sync_free(sync);
    redis_connection_free(connection);
    fake_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_that_do_it),
        cmocka_unit_test(test_servers_that_do_not),
        cmocka_unit_test(test_endless_lines),
        cmocka_unit_test(test_it_can_be_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
