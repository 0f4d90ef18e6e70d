/* One offline analysis for the tests, without database and lease, and what it came to as lines of
 * JSON: the result, the document, the members of the answer of /v2 as an object.
 *
 *     dcs_offline_once HOST:PORT TIMEOUT_MS REPLY_TIMEOUT_MS [BYTES_PER_SECOND [MEMORY_PERCENT
 *         [PROFILE]]]
 *     dcs_offline_once ROOT DIRECTORY ID TIMEOUT_MS BYTES_PER_SECOND backup
 *
 * SIGTERM cancels it, and each progress that sees more keys than the last is a line of stderr.  The
 * user and password are taken from REDIS_USER and REDIS_PASSWORD, the PEM text of a CA (which turns
 * TLS on) from REDIS_CA, of a client's certificate and key from REDIS_CERTIFICATE and REDIS_KEY,
 * the options of an analysis, an object, from SCAN_ANALYSIS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "offline/offline.h"
#include "once.h"

enum { NODE_LEAST = 4, NODE_MOST = 7, BACKUP = 7 };

static void on_progress(void *argument, const struct scan_progress *progress)
{
    int64_t *keys = argument;
    if (progress->keys_seen <= *keys)
        return;
    *keys = progress->keys_seen;
    fprintf(stderr, "%lld of %lld\n", (long long)progress->keys_seen,
            (long long)progress->keys_total);
}

static int take_number(const char *text, int64_t *ret_number)
{
    return text_parse_integer(text_of(text), ret_number);
}

static int parse_backup(char **argv, struct offline_request *request)
{
    request->target.outbound = outbound_new_anywhere();
    request->backup_root = argv[1];
    request->backup_directory = argv[2];
    request->backup_id = argv[3];
    return take_number(argv[4], &request->timeout_ms) < 0 ||
                   take_number(argv[5], &request->bytes_per_second) < 0
               ? -1
               : 0;
}

static int parse_node(int argc, char **argv, struct offline_request *request)
{
    struct redis_target *target = &request->target;
    int64_t reply_timeout, percent = 0;
    if (endpoint_parse(text_of(argv[1]), &target->endpoint) < 0 ||
        take_number(argv[2], &request->timeout_ms) < 0 || take_number(argv[3], &reply_timeout) < 0)
        return -1;
    once_read_target(reply_timeout, target);
    if ((argc > NODE_LEAST && take_number(argv[NODE_LEAST], &request->bytes_per_second) < 0) ||
        (argc > NODE_LEAST + 1 && take_number(argv[NODE_LEAST + 1], &percent) < 0) ||
        (argc > NODE_LEAST + 2 && scan_profile_parse(argv[NODE_LEAST + 2], &request->profile) < 0))
        return -1;
    request->fork_memory_percent = (int)percent;
    return 0;
}

static int parse_request(int argc, char **argv, struct offline_request *ret_request)
{
    *ret_request = (struct offline_request){.stopped = once_is_stopped};
    if (argc == BACKUP && strcmp(argv[BACKUP - 1], "backup") == 0)
        return parse_backup(argv, ret_request);
    return argc >= NODE_LEAST && argc <= NODE_MOST ? parse_node(argc, argv, ret_request) : -1;
}

static void write_outcome(struct json_writer *writer, const struct scan_outcome *outcome)
{
    json_writer_member_number(writer, "num", outcome->num);
    json_writer_member_number(writer, "keys_seen", outcome->keys_seen);
    json_writer_member_number(writer, "keys_before", outcome->keys_before);
    json_writer_member_number(writer, "commands", outcome->commands);
    json_writer_member_number(writer, "bytes_read", outcome->bytes_read);
    json_writer_member_number(writer, "duration_ms", outcome->duration_ms);
    json_writer_member_text(writer, "note", outcome->note);
    scan_cost_write(writer, &outcome->cost);
}

static void write_result(const struct scan_outcome *outcome, const struct error *err, int64_t ms)
{
    struct json_writer writer;
    size_t length;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    once_write_end(&writer, outcome ? NULL : err, ms);
    if (outcome)
        write_outcome(&writer, outcome);
    json_writer_end_object(&writer);
    char *text = json_writer_take(&writer, &length);
    printf("%s\n%s\n{%s}\n", text, outcome ? outcome->keys : "null",
           outcome ? outcome->members : "");
    free(text);
    json_writer_release(&writer);
}

int main(int argc, char **argv)
{
    struct offline_request request;
    struct scan_analysis_options analysis;
    struct scan_outcome outcome;
    struct error err = {0};
    if (parse_request(argc, argv, &request) < 0 || once_read_analysis(&analysis) < 0) {
        fprintf(stderr,
                "usage: dcs_offline_once HOST:PORT TIMEOUT_MS REPLY_TIMEOUT_MS [BYTES_PER_SECOND "
                "[MEMORY_PERCENT [PROFILE]]]\n"
                "       dcs_offline_once ROOT DIRECTORY ID TIMEOUT_MS BYTES_PER_SECOND backup\n");
        return 2;
    }
    int64_t keys = 0;
    request.analysis = &analysis;
    request.progress = on_progress;
    request.progress_argument = &keys;
    once_listen();
    int64_t started = clock_monotonic_ms();
    int status = offline_run(&request, &outcome, &err);
    write_result(status < 0 ? NULL : &outcome, &err, clock_monotonic_ms() - started);
    if (status == 0)
        scan_outcome_release(&outcome);
    outbound_free(request.target.outbound);
    return 0;
}
