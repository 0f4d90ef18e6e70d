/* What a program counts, for Prometheus: counters, gauges and histograms with fixed buckets.
 *
 * A metric is a constant description and its cells.  Its series are all there from the beginning,
 * one for each combination of its labels' values, which are fixed as well: what comes from outside
 * is never a label.  Adding is a relaxed atomic operation on a cell that few threads share, so that
 * it costs next to nothing; a metric that is not registered counts nothing.
 *
 *     static const char *const outcomes[] = {"won", "lost"};
 *     struct metric metric_games = {.name = "dcs_games_total", .help = "Games, by outcome.",
 *                                   .labels = {{"outcome", outcomes, 2}}};
 *     metric_count(&metric_games, OUTCOME_LOST, 0);
 *
 * Values are integers.  per_unit says how many of them make one of the unit that is exposed:
 * 1000000 where microseconds are observed and the metric is in seconds. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_LABELS_MAX = 2, METRICS_MAX = 64, METRICS_SERIES_MAX = 2000 };

struct metric_label {
    const char *name; /* null: there is none */
    const char *const *values;
    int count;
};

struct metric {
    const char *name; /* counters end in _total, the unit stands before that */
    const char *help; /* one line */
    enum metric_type type;
    struct metric_label labels[METRIC_LABELS_MAX];
    const int64_t *bounds; /* of a histogram's buckets, ascending; each includes its bound */
    int bound_count;
    int64_t per_unit;      /* 0 is 1 */
    int64_t (*read)(void); /* of one without labels, in place of cells: asked when it is exposed */

    atomic_int_fast64_t *cells; /* null until it is registered */
};

/* Buckets of latencies, in microseconds, from half a millisecond to ten seconds. */
enum { METRIC_LATENCY_BOUNDS = 13 };
extern const int64_t metric_latency_bounds[METRIC_LATENCY_BOUNDS];

/* Before threads are there that use them.  Aborts past METRICS_MAX and METRICS_SERIES_MAX: they are
 * the program's own. */
void metrics_register(struct metric *const *metrics, int count);
/* Forgets all of them, after those threads; for tests. */
void metrics_release(void);

/* Adds to a counter, or a gauge, which may become less; first and second are values of its labels,
 * 0 where there is none.  Any thread. */
void metric_add(struct metric *metric, int first, int second, int64_t amount);
/* To a histogram. */
void metric_observe(struct metric *metric, int first, int64_t value);
/* A gauge that one thread sets, and none adds to. */
void metric_set(struct metric *metric, int first, int second, int64_t value);

static inline void metric_count(struct metric *metric, int first, int second)
{
    metric_add(metric, first, second, 1);
}

/* For a gauge that is the sum over several owners: each says its part, and keeps in *ret_said what
 * it said last. */
static inline void metric_set_part(struct metric *metric, int64_t *ret_said, int64_t value)
{
    if (value != *ret_said)
        metric_add(metric, 0, 0, value - *ret_said);
    *ret_said = value;
}

enum metrics_format { METRICS_TEXT /* 0.0.4 */, METRICS_OPEN /* OpenMetrics 1.0.0 */ };

/* Everything that is registered, in the order of its registration.  Any thread, but the stream is
 * the caller's alone.  Sources:
 * prometheus.io/docs/instrumenting/exposition_formats, the specification of OpenMetrics 1.0.0. */
void metrics_write(FILE *out, enum metrics_format format);
/* How many series that is. */
int metrics_series_count(void);

#endif
