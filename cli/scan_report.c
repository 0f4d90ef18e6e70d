/* The engine's array of keys is the API's: programs get it as it is, people get it as tables. */
#include "scan_report.h"

#include <stdio.h>

#include "base/json_writer.h"
#include "base/scope.h"
#include "printable.h"
#include "progress.h"
#include "report.h"
#include "scan_analysis.h"
#include "scan_keys.h"

enum { US_OF_MS = 1000, MS_OF_S = 1000, TENTH_MS = 100, SLOW_MS = 60000 };

static const struct report_column record_columns[] = {
    {"kind", NULL, REPORT_TEXT},
    {"profile", NULL, REPORT_TEXT},
    {"server", NULL, REPORT_JSON},
    {"database", NULL, REPORT_NUMBER},
    {"keys", NULL, REPORT_JSON},
    {"result", NULL, REPORT_JSON},
    {"num", NULL, REPORT_NUMBER},
    {"keys_seen", NULL, REPORT_NUMBER},
    {"keys_before", NULL, REPORT_NUMBER},
    {"keys_after", NULL, REPORT_NUMBER},
    {"expired_released", NULL, REPORT_NUMBER},
    {"duration_ms", NULL, REPORT_NUMBER},
    {"commands", NULL, REPORT_NUMBER},
    {"cost", NULL, REPORT_JSON},
    {"note", NULL, REPORT_TEXT},
};

static const char *mode_of(const struct redis_probe *probe)
{
    return probe->mode == REDIS_MODE_CLUSTER ? "cluster" : "standalone";
}

static void add_object(struct report *report, struct json_writer *writer)
{
    json_writer_end_object(writer);
    report_add_bytes(report, (struct text){writer->text, writer->length});
    json_writer_release(writer);
}

static void add_server(struct report *report, const struct scan_target *target)
{
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    struct json_writer writer;
    endpoint_format(&target->endpoint, endpoint);
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_text(&writer, "endpoint", endpoint);
    json_writer_member_text(&writer, "engine", target->probe.engine);
    json_writer_member_text(&writer, "version", target->probe.version);
    json_writer_member_text(&writer, "mode", mode_of(&target->probe));
    json_writer_member_text(&writer, "role",
                            target->probe.role == REDIS_ROLE_REPLICA ? "replica" : "master");
    add_object(report, &writer);
}

static void add_cost(struct report *report, const struct scan_cost *cost)
{
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    scan_cost_write(&writer, cost);
    add_object(report, &writer);
}

static void write_json(const struct scan_options *options, const struct scan_target *target,
                       const struct scan_outcome *outcome)
{
    SCOPED(report_release) struct report report;
    report_init(&report, record_columns, sizeof(record_columns) / sizeof(record_columns[0]));
    report_add_text(&report, options->request.kind->name);
    report_add_text(&report, options->profile);
    add_server(&report, target);
    if (options->request.database)
        report_add_number(&report, *options->request.database);
    else
        report_add_text(&report, NULL);
    bool analysis = options->request.kind->id == SCAN_KIND_ANALYSIS;
    report_add_text(&report, analysis ? NULL : outcome->keys);
    report_add_text(&report, analysis ? outcome->keys : NULL);
    report_add_number(&report, outcome->num);
    report_add_number(&report, outcome->keys_seen);
    report_add_number(&report, outcome->keys_before);
    report_add_number(&report, outcome->keys_after);
    report_add_number(&report, outcome->expired_released);
    report_add_number(&report, outcome->duration_ms);
    report_add_number(&report, outcome->commands);
    add_cost(&report, &outcome->cost);
    report_add_text(&report, outcome->note[0] ? outcome->note : NULL);
    report_write_one(&report, true);
}

static void print_duration(int64_t ms)
{
    if (ms < SLOW_MS)
        printf("%lld.%lld s", (long long)(ms / MS_OF_S), (long long)(ms % MS_OF_S / TENTH_MS));
    else
        printf("%lld min %02lld s", (long long)(ms / SLOW_MS), (long long)(ms % SLOW_MS / MS_OF_S));
}

static void print_count(int64_t number)
{
    char text[PROGRESS_COUNT_MAX + 1];
    progress_format_count(number, text);
    fputs(text, stdout);
}

static void print_expired(const struct scan_outcome *outcome)
{
    fputs("Released ", stdout);
    print_count(outcome->expired_released);
    fputs(" expired keys; ", stdout);
    print_count(outcome->keys_before);
    fputs(" keys before, ", stdout);
    print_count(outcome->keys_after);
    puts(" after.");
}

static void print_latency(const struct scan_cost *cost)
{
    printf("; latency %.2f ms before", (double)cost->baseline_us / US_OF_MS);
    if (cost->worst_us > 0)
        printf(", %.2f ms at worst", (double)cost->worst_us / US_OF_MS);
    puts(".");
}

/* What a server answered may be in a note. */
static void print_remarks(const struct scan_outcome *outcome)
{
    size_t width;
    if (outcome->cost.touched > 0) {
        print_count(outcome->cost.touched);
        puts(" questions count as uses of keys: the server has no CLIENT NO-TOUCH.");
    }
    if (!outcome->note[0])
        return;
    SCOPED(scope_free)
    char *note = printable_copy(text_of(outcome->note), SCAN_NOTE_MAX, &width);
    printf("Note: %s.\n", note);
}

static void write_summary(const struct scan_options *options, const struct scan_target *target,
                          const struct scan_outcome *outcome)
{
    const struct scan_cost *cost = &outcome->cost;
    int64_t pauses = cost->pauses[SCAN_PAUSE_GUARD] + cost->pauses[SCAN_PAUSE_CEILING];
    int64_t ms = outcome->duration_ms > 0 ? outcome->duration_ms : 1;
    char endpoint[ENDPOINT_TEXT_MAX + 1];
    endpoint_format(&target->endpoint, endpoint);
    if (options->request.kind->id == SCAN_KIND_EXPIRED || outcome->expired_released > 0)
        print_expired(outcome);
    printf("%s %s at %s (%s): ", target->probe.engine, target->probe.version, endpoint,
           mode_of(&target->probe));
    print_count(outcome->keys_seen);
    fputs(" keys seen in ", stdout);
    print_duration(outcome->duration_ms);
    fputs(", ", stdout);
    print_count((int64_t)((double)outcome->keys_seen * MS_OF_S / (double)ms));
    fputs(" keys/s, ", stdout);
    print_count(outcome->commands);
    printf(" commands.\nProfile %s: %lld pauses", options->profile, (long long)pauses);
    if (pauses > 0) {
        fputs(" of ", stdout);
        print_duration(cost->paused_ms);
    }
    print_latency(cost);
    print_remarks(outcome);
}

static int write_result(const struct scan_options *options, const struct scan_outcome *outcome,
                        struct error *err)
{
    if (options->request.kind->id != SCAN_KIND_ANALYSIS)
        return scan_keys_write(options, outcome, err);
    return scan_analysis_write((struct text){outcome->keys, outcome->keys_length},
                               (size_t)options->limit, err);
}

int scan_report_write(const struct scan_options *options, const struct scan_target *target,
                      const struct scan_outcome *outcome, bool json, struct error *err)
{
    if (json) {
        write_json(options, target, outcome);
        return 0;
    }
    if (outcome->keys && write_result(options, outcome, err) < 0)
        return -1;
    write_summary(options, target, outcome);
    return 0;
}
