/* What scans cost is counted once, however often it is said. */
#include "scan/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void assert_exposed(const char *part)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    metrics_write(out, METRICS_TEXT);
    fclose(out);
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

static void test_cost(void **state)
{
    (void)state;
    struct scan_cost said = {0}, other_said = {0}, cost = {0}, other = {0};
    metrics_register(scan_metrics, scan_metric_count);
    scan_metrics_note_cost(&said, &cost);
    cost.pauses[SCAN_PAUSE_CEILING] = 2;
    cost.halvings = 3;
    cost.paused_ms = 1500;
    for (int i = 0; i < 3; i++)
        scan_metrics_note_cost(&said, &cost);
    other.pauses[SCAN_PAUSE_GUARD] = other.pauses[SCAN_PAUSE_CEILING] = other.halvings = 1;
    scan_metrics_note_cost(&other_said, &other);
    cost.pauses[SCAN_PAUSE_CEILING]++;
    cost.paused_ms += 750;
    scan_metrics_note_cost(&said, &cost);
    assert_exposed("\ndcs_scan_pauses_total{reason=\"guard\"} 1\n"
                   "dcs_scan_pauses_total{reason=\"ceiling\"} 4\n");
    assert_exposed("\ndcs_scan_halvings_total 4\n");
    assert_exposed("\ndcs_scan_paused_seconds_total 2.25\n");
    metrics_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
