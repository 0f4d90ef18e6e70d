/* Cells are kept several times over, in shards that threads are dealt out to, so that two loops do
 * not write to the same line of memory; what is exposed is their sum. */
#include "base/metrics.h"

#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 8, LINE_CELLS = 64 / sizeof(atomic_int_fast64_t) };

const int64_t metric_latency_bounds[METRIC_LATENCY_BOUNDS] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};

static struct metric *registered[METRICS_MAX];
static int registered_count;

static int values_of(const struct metric_label *label)
{
    return label->name ? label->count : 1;
}

/* A counter's or gauge's value; of a histogram its buckets, the last one without a bound, and the
 * sum of what was observed. */
static int cells_of_series(const struct metric *metric)
{
    return metric->type == METRIC_HISTOGRAM ? metric->bound_count + 2 : 1;
}

static int count_of(const struct metric *metric)
{
    return values_of(&metric->labels[0]) * values_of(&metric->labels[1]);
}

static int shard_size(const struct metric *metric)
{
    int cells = count_of(metric) * cells_of_series(metric);
    return (cells + (int)LINE_CELLS - 1) / (int)LINE_CELLS * (int)LINE_CELLS;
}

static int exposed_of(const struct metric *metric)
{
    int of_series = metric->type == METRIC_HISTOGRAM ? metric->bound_count + 3 : 1;
    return count_of(metric) * of_series;
}

int metrics_series_count(void)
{
    int count = 0;
    for (int i = 0; i < registered_count; i++)
        count += exposed_of(registered[i]);
    return count;
}

static void allocate(struct metric *metric)
{
    size_t size = (size_t)SHARDS * (size_t)shard_size(metric) * sizeof(*metric->cells);
    metric->cells = aligned_alloc(LINE_CELLS * sizeof(*metric->cells), size);
    if (!metric->cells)
        abort();
    for (size_t i = 0; i < size / sizeof(*metric->cells); i++)
        atomic_init(&metric->cells[i], 0);
}

void metrics_register(struct metric *const *metrics, int count)
{
    for (int i = 0; i < count; i++) {
        if (registered_count == METRICS_MAX)
            abort();
        allocate(metrics[i]);
        registered[registered_count++] = metrics[i];
    }
    if (metrics_series_count() >= METRICS_SERIES_MAX)
        abort();
}

void metrics_release(void)
{
    while (registered_count > 0) {
        struct metric *metric = registered[--registered_count];
        free(metric->cells);
        metric->cells = NULL;
    }
}

/* Of this thread, which keeps it. */
static int find_shard(void)
{
    static atomic_uint next;
    static _Thread_local int shard = -1;
    if (shard < 0)
        shard = (int)(atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % SHARDS);
    return shard;
}

static atomic_int_fast64_t *cells_at(const struct metric *metric, int shard, int first, int second)
{
    int series = first * values_of(&metric->labels[1]) + second;
    if (series < 0 || series >= count_of(metric))
        abort();
    return metric->cells + shard * shard_size(metric) + series * cells_of_series(metric);
}

static void add(atomic_int_fast64_t *cell, int64_t amount)
{
    atomic_fetch_add_explicit(cell, amount, memory_order_relaxed);
}

void metric_add(struct metric *metric, int first, int second, int64_t amount)
{
    if (metric->cells)
        add(cells_at(metric, find_shard(), first, second), amount);
}

void metric_set(struct metric *metric, int first, int second, int64_t value)
{
    if (metric->cells)
        atomic_store_explicit(cells_at(metric, 0, first, second), value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, int first, int64_t value)
{
    if (!metric->cells)
        return;
    atomic_int_fast64_t *cells = cells_at(metric, find_shard(), first, 0);
    int bucket = 0;
    while (bucket < metric->bound_count && value > metric->bounds[bucket])
        bucket++;
    add(&cells[bucket], 1);
    add(&cells[metric->bound_count + 1], value);
}

/* Of all shards. */
static int64_t sum_of(const struct metric *metric, int first, int second, int cell)
{
    int64_t sum = 0;
    if (metric->read)
        return metric->read();
    for (int shard = 0; shard < SHARDS; shard++)
        sum += atomic_load_explicit(cells_at(metric, shard, first, second) + cell,
                                    memory_order_relaxed);
    return sum;
}

/* Without digits that say nothing. */
static void write_value(FILE *out, int64_t value, int64_t per_unit)
{
    uint64_t unit = per_unit > 1 ? (uint64_t)per_unit : 1;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t rest = magnitude % unit;
    fprintf(out, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(magnitude / unit));
    if (rest == 0)
        return;
    fputc('.', out);
    for (; rest > 0; rest = rest % unit) {
        rest *= 10;
        fputc('0' + (int)(rest / unit), out);
    }
}

static void write_escaped(FILE *out, const char *text)
{
    for (;;) {
        size_t length = strcspn(text, "\\\"\n");
        fwrite(text, 1, length, out);
        text += length;
        if (!*text)
            return;
        fputc('\\', out);
        fputc(*text == '\n' ? 'n' : *text, out);
        text++;
    }
}

/* One of the label `le`; OpenMetrics writes whole ones as floats are written. */
static void write_bound(FILE *out, const struct metric *metric, int bound,
                        enum metrics_format format)
{
    fputs("le=\"", out);
    if (bound == metric->bound_count) {
        fputs("+Inf\"", out);
        return;
    }
    int64_t value = metric->bounds[bound];
    write_value(out, value, metric->per_unit);
    bool is_whole = metric->per_unit <= 1 || value % metric->per_unit == 0;
    fputs(format == METRICS_OPEN && is_whole ? ".0\"" : "\"", out);
}

/* Of a series: the values of its labels and, of a bucket, which one it is, else -1. */
struct place {
    int values[METRIC_LABELS_MAX];
    int bound;
};

static void write_labels(FILE *out, const struct metric *metric, const struct place *place,
                         enum metrics_format format)
{
    const char *before = "{";
    for (int i = 0; i < METRIC_LABELS_MAX && metric->labels[i].name; i++) {
        fprintf(out, "%s%s=\"", before, metric->labels[i].name);
        write_escaped(out, metric->labels[i].values[place->values[i]]);
        fputc('"', out);
        before = ",";
    }
    if (place->bound >= 0) {
        fputs(before, out);
        write_bound(out, metric, place->bound, format);
        before = ",";
    }
    if (*before == ',')
        fputc('}', out);
}

/* The count is that of the buckets, so that the two never differ. */
static void write_histogram(FILE *out, const struct metric *metric, struct place place,
                            enum metrics_format format)
{
    const int first = place.values[0], second = place.values[1];
    int64_t count = 0, sum = sum_of(metric, first, second, metric->bound_count + 1);
    for (place.bound = 0; place.bound <= metric->bound_count; place.bound++) {
        count += sum_of(metric, first, second, place.bound);
        fprintf(out, "%s_bucket", metric->name);
        write_labels(out, metric, &place, format);
        fprintf(out, " %lld\n", (long long)count);
    }
    place.bound = -1;
    fprintf(out, "%s_sum", metric->name);
    write_labels(out, metric, &place, format);
    fputc(' ', out);
    write_value(out, sum, metric->per_unit);
    fprintf(out, "\n%s_count", metric->name);
    write_labels(out, metric, &place, format);
    fprintf(out, " %lld\n", (long long)count);
}

static void write_number(FILE *out, const struct metric *metric, const struct place *place,
                         enum metrics_format format)
{
    fputs(metric->name, out);
    write_labels(out, metric, place, format);
    fputc(' ', out);
    write_value(out, sum_of(metric, place->values[0], place->values[1], 0), metric->per_unit);
    fputc('\n', out);
}

/* OpenMetrics calls a family of counters by its name without _total. */
static int family_length(const struct metric *metric, enum metrics_format format)
{
    size_t length = strlen(metric->name);
    if (metric->type == METRIC_COUNTER && format == METRICS_OPEN)
        length -= strlen("_total");
    return (int)length;
}

static void write_metric(FILE *out, const struct metric *metric, enum metrics_format format)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    int length = family_length(metric, format);
    fprintf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, metric->name, metric->help, length,
            metric->name, types[metric->type]);
    for (int series = 0; series < count_of(metric); series++) {
        int of_second = values_of(&metric->labels[1]);
        struct place place = {{series / of_second, series % of_second}, -1};
        if (metric->type == METRIC_HISTOGRAM)
            write_histogram(out, metric, place, format);
        else
            write_number(out, metric, &place, format);
    }
}

void metrics_write(FILE *out, enum metrics_format format)
{
    /* Nobody else writes to it, and a lock for each character is most of what this takes. */
    __fsetlocking(out, FSETLOCKING_BYCALLER);
    for (int i = 0; i < registered_count; i++)
        write_metric(out, registered[i], format);
    if (format == METRICS_OPEN)
        fputs("# EOF\n", out);
}
