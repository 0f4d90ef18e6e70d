/* One scan for the tests, without database and lease, and what it came to as a line of JSON:
 *
 *     dcs_scan_once HOST:PORT[,...] KIND one|replicated|cluster TIMEOUT_MS REPLY_TIMEOUT_MS
 *         [PROFILE [bytes]]
 *
 * SIGTERM cancels it, and each pause is a line of stderr.
 * The user and password are taken from REDIS_USER and REDIS_PASSWORD, the PEM text of a CA (which
 * turns TLS on) from REDIS_CA, the options of an analysis, an object, from SCAN_ANALYSIS.
 * SCAN_CHECKPOINT names a file: the scan is taken up where that says, if it is there, and its own
 * checkpoints are written to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "once.h"
#include "scan/scan.h"

enum { ARGUMENTS = 6, ARGUMENTS_MOST = 8, BATCH_KEYS = 100 };

static void on_progress(void *argument, const struct scan_progress *progress)
{
    int64_t *pauses = argument;
    for (; *pauses < scan_progress_pauses(progress); ++*pauses)
        fprintf(stderr, "paused\n");
}

static void on_checkpoint(void *argument, const char *text, size_t length)
{
    const char *path = argument;
    FILE *file = text ? fopen(path, "w") : NULL;
    if (!text)
        return;
    if (!file || fwrite(text, 1, length, file) != length || fclose(file) != 0)
        abort();
}

/* Never released: it lives as long as the program. */
static void resume_from(char *path, struct scan_request *request)
{
    FILE *file = path ? fopen(path, "r") : NULL;
    static char text[SCAN_CHECKPOINT_MAX];
    request->checkpoint = path ? on_checkpoint : NULL;
    request->checkpoint_argument = path;
    if (!file)
        return;
    request->resume_length = fread(text, 1, sizeof(text), file);
    request->resume = text;
    fclose(file);
}

static int parse_layout(const char *name, enum scan_layout *ret_layout)
{
    static const char *const names[] = {
        [SCAN_ONE_SERVER] = "one", [SCAN_REPLICATED] = "replicated", [SCAN_CLUSTER] = "cluster"};
    for (int i = SCAN_ONE_SERVER; i <= SCAN_CLUSTER; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_layout = (enum scan_layout)i;
            return 0;
        }
    }
    return -1;
}

static int parse_more(int argc, char **argv, struct scan_request *request)
{
    request->with_bytes = argc == ARGUMENTS_MOST;
    return (argc > ARGUMENTS && scan_profile_parse(argv[ARGUMENTS], &request->profile) < 0) ||
                   (request->with_bytes && strcmp(argv[ARGUMENTS + 1], "bytes") != 0)
               ? -1
               : 0;
}

static int parse_request(char **argv, struct scan_request *ret_request)
{
    int64_t timeout, reply_timeout;
    *ret_request = (struct scan_request){.kind = scan_kind_find(argv[2]),
                                         .batch_keys = BATCH_KEYS,
                                         .profile = SCAN_FAST,
                                         .endpoints = argv[1],
                                         .nodes_at_once = 2,
                                         .stopped = once_is_stopped};
    struct redis_target *target = &ret_request->target;
    const struct text first = {argv[1], strcspn(argv[1], ",")};
    if (endpoint_parse(first, &target->endpoint) < 0 || !ret_request->kind ||
        parse_layout(argv[3], &ret_request->layout) < 0 ||
        text_parse_integer(text_of(argv[4]), &timeout) < 0 ||
        text_parse_integer(text_of(argv[5]), &reply_timeout) < 0)
        return -1;
    ret_request->timeout_ms = timeout;
    once_read_target(reply_timeout, target);
    return 0;
}

static void write_cost(struct json_writer *writer, const struct scan_outcome *outcome)
{
    const struct scan_cost *cost = &outcome->cost;
    json_writer_member_text(writer, "note", outcome->note);
    json_writer_member_number(writer, "commands", outcome->commands);
    json_writer_member_number(writer, "touched", cost->touched);
    json_writer_member_number(writer, "halvings", cost->halvings);
    json_writer_member_number(writer, "guard_pauses", cost->pauses[SCAN_PAUSE_GUARD]);
    json_writer_member_number(writer, "ceiling_pauses", cost->pauses[SCAN_PAUSE_CEILING]);
    json_writer_member_number(writer, "paused_ms", cost->paused_ms);
    json_writer_member_number(writer, "worst_us", cost->worst_us);
}

static void write_result(const struct scan_outcome *outcome, const struct error *err, int64_t ms)
{
    struct json_writer writer;
    size_t length;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    once_write_end(&writer, outcome ? NULL : err, ms);
    json_writer_member_number(&writer, "keys_seen", outcome ? outcome->keys_seen : 0);
    json_writer_member_number(&writer, "num", outcome ? outcome->num : 0);
    if (outcome)
        write_cost(&writer, outcome);
    json_writer_end_object(&writer);
    char *text = json_writer_take(&writer, &length);
    printf("%s\n%s\n", text, outcome && outcome->keys ? outcome->keys : "null");
    free(text);
    json_writer_release(&writer);
}

int main(int argc, char **argv)
{
    struct scan_request request;
    struct scan_analysis_options analysis;
    struct scan_outcome outcome;
    struct error err = {0};
    if (argc < ARGUMENTS || argc > ARGUMENTS_MOST || parse_request(argv, &request) < 0 ||
        parse_more(argc, argv, &request) < 0 || once_read_analysis(&analysis) < 0) {
        fprintf(stderr,
                "usage: dcs_scan_once HOST:PORT[,...] KIND one|replicated|cluster TIMEOUT_MS "
                "REPLY_TIMEOUT_MS [PROFILE [bytes]]\n");
        return 2;
    }
    int64_t pauses = 0;
    request.analysis = &analysis;
    request.progress = on_progress;
    request.progress_argument = &pauses;
    resume_from(getenv("SCAN_CHECKPOINT"), &request);
    once_listen();
    int64_t started = clock_monotonic_ms();
    int status = scan_run(&request, &outcome, &err);
    write_result(status < 0 ? NULL : &outcome, &err, clock_monotonic_ms() - started);
    if (status == 0)
        scan_outcome_release(&outcome);
    outbound_free(request.target.outbound);
    return 0;
}
