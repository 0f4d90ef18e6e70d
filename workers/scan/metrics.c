/* Descriptions, a row each. */
#include "scan/metrics.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char *const reasons[] = {
    [SCAN_PAUSE_GUARD] = "guard", [SCAN_PAUSE_CEILING] = "ceiling"};
static const int64_t latencies[] = {0,    100,   250,   500,   1000,   2500,
                                    5000, 10000, 20000, 50000, 100000, 1000000};

struct metric scan_metric_pauses = {
    .name = "dcs_scan_pauses_total",
    .help = "Pauses of scans, by what they found of the server's latency.",
    .labels = {{"reason", reasons, COUNT_OF(reasons)}}};
struct metric scan_metric_paused_seconds = {.name = "dcs_scan_paused_seconds_total",
                                            .help = "Time of pauses that are over.",
                                            .per_unit = 1000};
struct metric scan_metric_halvings = {.name = "dcs_scan_halvings_total",
                                      .help =
                                          "Times that a scan halved its share of a server's time."};
struct metric scan_metric_added_latency = {
    .name = "dcs_scan_added_latency_seconds",
    .help = "Latency of a PING during a scan, above what it was before the scan.",
    .type = METRIC_HISTOGRAM,
    .bounds = latencies,
    .bound_count = COUNT_OF(latencies),
    .per_unit = 1000000};

struct metric *const scan_metrics[] = {&scan_metric_pauses, &scan_metric_paused_seconds,
                                       &scan_metric_halvings, &scan_metric_added_latency};
const int scan_metric_count = COUNT_OF(scan_metrics);

static void add_risen(struct metric *metric, int label, int64_t said, int64_t value)
{
    if (value != said)
        metric_add(metric, label, 0, value - said);
}

void scan_metrics_note_cost(struct scan_cost *ret_said, const struct scan_cost *cost)
{
    for (int i = 0; i < SCAN_PAUSE_REASON_COUNT; i++)
        add_risen(&scan_metric_pauses, i, ret_said->pauses[i], cost->pauses[i]);
    add_risen(&scan_metric_halvings, 0, ret_said->halvings, cost->halvings);
    add_risen(&scan_metric_paused_seconds, 0, ret_said->paused_ms, cost->paused_ms);
    *ret_said = *cost;
}
