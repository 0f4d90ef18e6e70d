/* Configuration parameters: what is kept of CONFIG GET, and above all what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_server.h"
#include "parse_reply.h"
#include "recording.h"
#include "redis/parameters.h"

static const char *const names[] = {"timeout", "maxmemory-policy", "databases"};

#define PAIR(name_length, name, value_length, value)                                               \
    "$" #name_length "\r\n" name "\r\n$" #value_length "\r\n" value "\r\n"

static void keeps_what_was_asked_for(void **state)
{
    const struct {
        struct text reply;
        const char *values[3];
    } cases[] = {
        {TEXT("*0\r\n"), {0}},
        {TEXT("-NOPERM no\r\n"), {0}},
        {TEXT("+OK\r\n"), {0}},
        {TEXT("*2\r\n" PAIR(7, "timeout", 1, "0")), {"0", NULL, NULL}},
        {TEXT("*2\r\n" PAIR(7, "timeout", 0, "")), {"", NULL, NULL}},
        {TEXT("*6\r\n" PAIR(9, "databases", 2, "16") PAIR(11, "requirepass", 6, "s3cret")
                  PAIR(7, "timeout", 1, "5")),
         {"5", NULL, "16"}},
        /* the first one counts, names are exact, and a name is no value */
        {TEXT("*4\r\n" PAIR(7, "timeout", 1, "1") PAIR(7, "timeout", 1, "2")), {"1", NULL, NULL}},
        {TEXT("*2\r\n" PAIR(7, "TIMEOUT", 1, "1")), {0}},
        {TEXT("*3\r\n" PAIR(1, "x", 7, "timeout") "$1\r\n1\r\n"), {0}},
        {TEXT("*1\r\n$7\r\ntimeout\r\n"), {0}},
        {TEXT("*2\r\n$7\r\ntimeout\r\n$-1\r\n"), {0}},
        {TEXT("*2\r\n$7\r\ntimeout\r\n:5\r\n"), {0}},
        {TEXT("*2\r\n$7\r\ntimeout\r\n*0\r\n"), {0}},
        {TEXT("*2\r\n" PAIR(7, "timeout", 2, "\xc3\xa9")), {0}},
        {TEXT("*2\r\n" PAIR(7, "timeout", 3,
                            "1\0"
                            "2")),
         {0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply_reader reader;
        struct redis_parameters parameters = {0};
        int count = 0;
        redis_parameters_add(&parameters, parse_reply(&reader, cases[i].reply), names, 3);
        for (int j = 0; j < 3; j++) {
            count += cases[i].values[j] != NULL;
            if (cases[i].values[j])
                assert_string_equal(parameters.values[j], cases[i].values[j]);
            else
                assert_null(parameters.values[j]);
        }
        assert_int_equal(parameters.count, count);
        redis_parameters_release(&parameters);
        reply_reader_release(&reader);
    }
}

static void reads_recorded_servers(void **state)
{
    static const char *const servers[] = {"redis-3.0", "redis-7.0", "redis-8.0", "valkey-9.1"};
    static char bytes[RECORDING_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        struct reply_reader reader;
        struct redis_parameters parameters = {0};
        struct text reply = recording_answer(servers[i], "CONFIG GET maxmemory-policy", bytes);
        redis_parameters_add(&parameters, parse_reply(&reader, reply), names, 3);
        assert_string_equal(parameters.values[1], "noeviction");
        assert_int_equal(parameters.count, 1);
        redis_parameters_release(&parameters);
        reply_reader_release(&reader);
    }
}

/* A server that knows all that it is asked for but the policy, and counts the commands. */
struct server {
    bool refuses;
    int commands;
};

static size_t answer(void *argument, const struct text *words, int count, char *ret_bytes,
                     size_t size)
{
    struct server *server = argument;
    if (!text_equals(words[0], TEXT("CONFIG")) || server->refuses)
        return (size_t)snprintf(ret_bytes, size, "-NOPERM no\r\n");
    server->commands++;
    size_t length = 0;
    int known = 0;
    for (int i = 2; i < count; i++)
        known += !text_equals(words[i], text_of(names[1]));
    length += (size_t)snprintf(ret_bytes, size, "*%d\r\n", 2 * known);
    for (int i = 2; i < count; i++) {
        if (!text_equals(words[i], text_of(names[1])))
            length +=
                (size_t)snprintf(ret_bytes + length, size - length, "$%zu\r\n%.*s\r\n$1\r\n7\r\n",
                                 words[i].length, (int)words[i].length, words[i].bytes);
    }
    return length;
}

static void serve(int socket, void *argument)
{
    fake_serve_commands(socket, answer, argument);
}

static void asks_as_the_version_can_answer(void **state)
{
    static const struct {
        int version;
        bool refuses;
        int commands, count;
    } cases[] = {
        {60216, false, 3, 2}, {70000, false, 1, 2}, {30007, true, 0, 0}, {80000, true, 0, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_server fake;
        struct server server = {.refuses = cases[i].refuses};
        struct redis_connection *connection;
        struct redis_parameters parameters;
        struct error err = {0};
        fake_server_start(&fake, serve, &server);
        struct redis_target target = fake_server_target(&fake);
        assert_int_equal(
            redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err), 0);
        struct redis_probe probe = {.redis_version = cases[i].version};
        assert_int_equal(redis_parameters_ask(connection, &probe, names, 3, &parameters, &err), 0);
        redis_connection_free(connection);
        fake_server_stop(&fake);
        assert_int_equal(server.commands, cases[i].commands);
        assert_int_equal(parameters.count, cases[i].count);
        assert_null(parameters.values[1]);
        if (cases[i].count > 0)
            assert_string_equal(parameters.values[2], "7");
        redis_parameters_release(&parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_asked_for),
        cmocka_unit_test(reads_recorded_servers),
        cmocka_unit_test(asks_as_the_version_can_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
