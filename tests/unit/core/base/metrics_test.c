/* Metrics: what is added is exposed, in both formats to the byte, by any number of threads. */
#include "base/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char *const colours[] = {"red", "a \"quoted\\\" one\n"};
static const char *const sizes[] = {"s", "m", "l"};
static const int64_t bounds[] = {1000, 2500000};
static int64_t answer = 42;

static int64_t read_answer(void)
{
    return answer;
}

static struct metric plain = {.name = "dcs_plain_total", .help = "Plain."};
static struct metric labelled = {.name = "dcs_labelled_total",
                                 .help = "By two.",
                                 .labels = {{"colour", colours, 2}, {"size", sizes, 3}}};
static struct metric gauge = {.name = "dcs_gauge", .help = "Up and down.", .type = METRIC_GAUGE};
static struct metric asked = {
    .name = "dcs_asked", .help = "Asked.", .type = METRIC_GAUGE, .read = read_answer};
static struct metric timed = {.name = "dcs_timed_seconds",
                              .help = "Timed.",
                              .type = METRIC_HISTOGRAM,
                              .labels = {{"size", sizes, 3}},
                              .bounds = bounds,
                              .bound_count = 2,
                              .per_unit = 1000000};
static const int64_t ten[] = {10};
static struct metric counted = {.name = "dcs_counted",
                                .help = "Counted.",
                                .type = METRIC_HISTOGRAM,
                                .bounds = ten,
                                .bound_count = 1};
static struct metric seconds = {
    .name = "dcs_seconds_total", .help = "Seconds.", .per_unit = 1000000};

static char *expose(enum metrics_format format)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    metrics_write(out, format);
    fclose(out);
    return text;
}

static void assert_exposed(const char *part)
{
    char *text = expose(METRICS_TEXT);
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

static int release(void **state)
{
    (void)state;
    metrics_release();
    return 0;
}

static void test_nothing_is_counted_before_it_is_registered(void **state)
{
    (void)state;
    metric_count(&plain, 0, 0);
    metric_observe(&timed, 0, 1);
    metric_set(&gauge, 0, 0, 1);
    metrics_register((struct metric *const[]){&plain}, 1);
    assert_exposed("\ndcs_plain_total 0\n");
}

static void test_text(void **state)
{
    (void)state;
    metrics_register((struct metric *const[]){&plain, &labelled, &gauge, &asked}, 4);
    metric_add(&plain, 0, 0, 7);
    metric_count(&labelled, 1, 2);
    metric_count(&labelled, 1, 2);
    metric_count(&labelled, 0, 1);
    int64_t said = 0;
    metric_set_part(&gauge, &said, 5);
    metric_set_part(&gauge, &said, -3);
    char *text = expose(METRICS_TEXT);
    assert_string_equal(text,
                        "# HELP dcs_plain_total Plain.\n"
                        "# TYPE dcs_plain_total counter\n"
                        "dcs_plain_total 7\n"
                        "# HELP dcs_labelled_total By two.\n"
                        "# TYPE dcs_labelled_total counter\n"
                        "dcs_labelled_total{colour=\"red\",size=\"s\"} 0\n"
                        "dcs_labelled_total{colour=\"red\",size=\"m\"} 1\n"
                        "dcs_labelled_total{colour=\"red\",size=\"l\"} 0\n"
                        "dcs_labelled_total{colour=\"a \\\"quoted\\\\\\\" one\\n\",size=\"s\"} 0\n"
                        "dcs_labelled_total{colour=\"a \\\"quoted\\\\\\\" one\\n\",size=\"m\"} 0\n"
                        "dcs_labelled_total{colour=\"a \\\"quoted\\\\\\\" one\\n\",size=\"l\"} 2\n"
                        "# HELP dcs_gauge Up and down.\n"
                        "# TYPE dcs_gauge gauge\n"
                        "dcs_gauge -3\n"
                        "# HELP dcs_asked Asked.\n"
                        "# TYPE dcs_asked gauge\n"
                        "dcs_asked 42\n");
    free(text);
    assert_int_equal(metrics_series_count(), 9);
}

static void test_openmetrics(void **state)
{
    (void)state;
    metrics_register((struct metric *const[]){&plain, &gauge}, 2);
    metric_set(&gauge, 0, 0, 9);
    char *text = expose(METRICS_OPEN);
    assert_string_equal(text, "# HELP dcs_plain Plain.\n"
                              "# TYPE dcs_plain counter\n"
                              "dcs_plain_total 0\n"
                              "# HELP dcs_gauge Up and down.\n"
                              "# TYPE dcs_gauge gauge\n"
                              "dcs_gauge 9\n"
                              "# EOF\n");
    free(text);
    metrics_release();
    metrics_register((struct metric *const[]){&counted}, 1);
    metric_observe(&counted, 0, 10);
    text = expose(METRICS_OPEN);
    assert_non_null(strstr(text, "\ndcs_counted_bucket{le=\"10.0\"} 1\n"
                                 "dcs_counted_bucket{le=\"+Inf\"} 1\n"
                                 "dcs_counted_sum 10\n"
                                 "dcs_counted_count 1\n# EOF\n"));
    free(text);
    assert_exposed("\ndcs_counted_bucket{le=\"10\"} 1\n");
}

static void test_histogram(void **state)
{
    (void)state;
    metrics_register((struct metric *const[]){&timed}, 1);
    static const int64_t observed[] = {0, 999, 1000, 1001, 2500000, 2500001, 10000000};
    for (size_t i = 0; i < COUNT_OF(observed); i++)
        metric_observe(&timed, 1, observed[i]);
    assert_exposed("dcs_timed_seconds_bucket{size=\"s\",le=\"0.001\"} 0\n");
    assert_exposed("dcs_timed_seconds_bucket{size=\"m\",le=\"0.001\"} 3\n"
                   "dcs_timed_seconds_bucket{size=\"m\",le=\"2.5\"} 5\n"
                   "dcs_timed_seconds_bucket{size=\"m\",le=\"+Inf\"} 7\n"
                   "dcs_timed_seconds_sum{size=\"m\"} 15.003001\n"
                   "dcs_timed_seconds_count{size=\"m\"} 7\n");
    assert_int_equal(metrics_series_count(), 3 * 5);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "0.000001"},
        {-1, "-0.000001"},
        {10, "0.00001"},
        {1000000, "1"},
        {-1500000, "-1.5"},
        {999999, "0.999999"},
        {INT64_MAX, "9223372036854.775807"},
        {INT64_MIN, "-9223372036854.775808"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[64];
        metrics_register((struct metric *const[]){&seconds}, 1);
        metric_add(&seconds, 0, 0, cases[i].value);
        snprintf(line, sizeof(line), "\ndcs_seconds_total %s\n", cases[i].text);
        assert_exposed(line);
        metrics_release();
    }
}

enum { THREADS = 20, EACH = 20000 };

static void *add_much(void *argument)
{
    (void)argument;
    int64_t said = 0;
    for (int i = 0; i < EACH; i++) {
        metric_count(&labelled, 0, i % 3);
        metric_observe(&timed, 2, 2000);
        metric_set_part(&gauge, &said, i + 1);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    char line[128];
    metrics_register((struct metric *const[]){&labelled, &timed, &gauge}, 3);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_much, NULL), 0);
    for (int i = 0; i < 50; i++)
        free(expose(METRICS_TEXT));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    snprintf(line, sizeof(line), "{colour=\"red\",size=\"s\"} %d\n", THREADS * ((EACH + 2) / 3));
    assert_exposed(line);
    snprintf(line, sizeof(line), "dcs_timed_seconds_count{size=\"l\"} %d\n", THREADS * EACH);
    assert_exposed(line);
    snprintf(line, sizeof(line), "dcs_gauge %d\n", THREADS * EACH);
    assert_exposed(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nothing_is_counted_before_it_is_registered, release),
        cmocka_unit_test_teardown(test_text, release),
        cmocka_unit_test_teardown(test_openmetrics, release),
        cmocka_unit_test_teardown(test_histogram, release),
        cmocka_unit_test_teardown(test_values, release),
        cmocka_unit_test_teardown(test_threads, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
