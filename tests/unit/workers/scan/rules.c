/* A rule is looked up by the text of the command. */
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "unit.h"

enum { RULES_MAX = 48, COMMAND_MAX = 8192 };

size_t put_answer(const char *answer, char *ret_bytes, size_t size)
{
    bool is_info = strncmp(answer, "redis_version", 13) == 0;
    int length = is_info ? snprintf(ret_bytes, size, "$%zu\r\n%s\r\n", strlen(answer), answer)
                         : snprintf(ret_bytes, size, "%s", answer);
    return (size_t)length;
}

static size_t answer_by_rule(void *argument, const struct text *words, int count, char *ret_bytes,
                             size_t size)
{
    char command[COMMAND_MAX];
    int length = 0;
    for (int i = 0; i < count; i++)
        length += snprintf(command + length, sizeof(command) - (size_t)length, "%s%.*s",
                           i > 0 ? " " : "", (int)words[i].length, words[i].bytes);
    for (struct rule *rule = argument; rule->command; rule++) {
        if (rule->used || strcmp(rule->command, command) != 0)
            continue;
        rule->used = rule->once;
        return put_answer(rule->answer ? rule->answer : "", ret_bytes, size);
    }
    return (size_t)snprintf(ret_bytes, size, "-ERR unexpected '%s'\r\n", command);
}

static void serve_rules(int socket, void *argument)
{
    fake_serve_commands(socket, answer_by_rule, argument);
}

static bool is_stopped(void *argument)
{
    const struct run *run = argument;
    return run->stop_after_ms && clock_monotonic_ms() - run->started >= run->stop_after_ms;
}

void run_scan(struct run *run)
{
    struct rule rules[RULES_MAX] = {0};
    for (int i = 0; run->rules[i].command; i++) {
        assert_true(i < RULES_MAX - 1);
        rules[i] = run->rules[i];
    }
    run_scan_of(run, serve_rules, rules);
}

void run_scan_of(struct run *run, void (*serve)(int socket, void *argument), void *argument)
{
    struct fake_server server;
    fake_server_start(&server, serve, argument);
    struct scan_request request = {.kind = &scan_kinds[run->kind],
                                   .target = fake_server_target(&server),
                                   .batch_keys = 10,
                                   .timeout_ms = run->timeout_ms ? run->timeout_ms : 10000,
                                   .hotkeys_command = run->hotkeys_command,
                                   .stopped = is_stopped,
                                   .stopped_argument = run};
    run->started = clock_monotonic_ms();
    run->err = (struct error){0};
    run->status = scan_run(&request, &run->outcome, &run->err);
    fake_server_stop(&server);
}
