/* Runs one scan of one Redis and prints what it took:
 *
 *     dcs_bench_scan HOST:PORT [--kind NAME] [--profile NAME] [--batch KEYS] [--bytes] [--cluster]
 *         [--keys] [--hotkeys-command] [--measures LIST]
 *
 * A line of `keys seconds keys/s commands released halvings pauses paused_ms baseline_us worst_us`,
 * and with --keys the keys that were found.  A
 * password is taken from REDIS_PASSWORD, the PEM text of a CA (which turns TLS on) from REDIS_CA.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scan/scan.h"

enum { BATCH_DEFAULT = 1000, TIMEOUT_MS = 3600 * 1000, WAIT_MS = 15000, NODES_AT_ONCE = 64 };

struct options {
    struct scan_request request;
    struct scan_analysis_options analysis;
    bool show_keys;
};

static int usage(void)
{
    fprintf(stderr, "usage: dcs_bench_scan HOST:PORT [--kind NAME] [--profile NAME] [--batch KEYS] "
                    "[--bytes] [--cluster] [--keys] [--hotkeys-command] [--measures LIST]\n");
    return -1;
}

static int set_option(struct options *options, const char *name, const char *value)
{
    int64_t number;
    if (strcmp(name, "--kind") == 0) {
        options->request.kind = scan_kind_find(value);
        return options->request.kind ? 0 : -1;
    }
    if (strcmp(name, "--measures") == 0)
        return analysis_measures_parse(value, &options->analysis.measures);
    if (strcmp(name, "--profile") == 0)
        return scan_profile_parse(value, &options->request.profile);
    if (strcmp(name, "--batch") != 0 || text_parse_integer(text_of(value), &number) < 0 ||
        number < SCAN_BATCH_KEYS_LEAST || number > SCAN_BATCH_KEYS_MOST)
        return -1;
    options->request.batch_keys = (int)number;
    return 0;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    struct redis_target *target = &options->request.target;
    options->request = (struct scan_request){.kind = &scan_kinds[SCAN_KIND_BIGKEY],
                                             .batch_keys = BATCH_DEFAULT,
                                             .nodes_at_once = NODES_AT_ONCE,
                                             .analysis = &options->analysis,
                                             .timeout_ms = TIMEOUT_MS};
    analysis_options_init(&options->analysis);
    *target = (struct redis_target){.outbound = outbound_new_anywhere(),
                                    .password = getenv("REDIS_PASSWORD"),
                                    .tls_ca = getenv("REDIS_CA"),
                                    .connect_timeout_ms = WAIT_MS,
                                    .reply_timeout_ms = WAIT_MS};
    target->tls = target->tls_ca != NULL;
    if (argc < 2 || endpoint_parse(text_of(argv[1]), &target->endpoint) < 0)
        return usage();
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--keys") == 0)
            options->show_keys = true;
        else if (strcmp(argv[i], "--bytes") == 0)
            options->request.with_bytes = true;
        else if (strcmp(argv[i], "--cluster") == 0)
            options->request.layout = SCAN_CLUSTER;
        else if (strcmp(argv[i], "--hotkeys-command") == 0)
            options->request.hotkeys_command = true;
        else if (i + 1 == argc || set_option(options, argv[i], argv[i + 1]) < 0)
            return usage();
        else
            i++;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct scan_outcome outcome;
    struct error err = {0};
    if (parse_options(argc, argv, &options) < 0)
        return 2;
    int64_t started = clock_monotonic_us();
    if (scan_run(&options.request, &outcome, &err) < 0) {
        fprintf(stderr, "%s: %s\n", error_describe(err.code)->symbol, err.text);
        return 1;
    }
    double seconds = (double)(clock_monotonic_us() - started) / 1e6;
    printf("%lld %.3f %.0f %lld %lld %lld %lld %lld %lld %lld\n", (long long)outcome.keys_seen,
           seconds, (double)outcome.keys_seen / seconds, (long long)outcome.commands,
           (long long)outcome.expired_released, (long long)outcome.cost.halvings,
           (long long)(outcome.cost.pauses[SCAN_PAUSE_GUARD] +
                       outcome.cost.pauses[SCAN_PAUSE_CEILING]),
           (long long)outcome.cost.paused_ms, (long long)outcome.cost.baseline_us,
           (long long)outcome.cost.worst_us);
    if (options.show_keys && outcome.keys)
        printf("%s\n", outcome.keys);
    scan_outcome_release(&outcome);
    outbound_free(options.request.target.outbound);
    return 0;
}
