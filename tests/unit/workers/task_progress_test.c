/* What is told of a scan: its members, and what does not find room. */
#include "task_progress.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_members(void **state)
{
    struct json_writer json;
    const struct scan_shard_progress shard = {"10.0.0.1:6379", SCAN_SHARD_DONE, 5, 7};
    const struct scan_progress progress = {
        .cost = {.pauses = {1, 2}, .paused_ms = 3, .halvings = 4, .baseline_us = 5, .worst_us = 6},
        .commands = 8,
        .latency_us = 9,
        .is_paused = true,
        .pause = SCAN_PAUSE_CEILING,
        .shards = &shard,
        .shard_count = 1};
    (void)state;
    json_writer_init(&json);
    task_progress_write(&json, &progress, "gentle");
    assert_string_equal(
        json.text,
        "{\"pause\":\"ceiling\",\"cost\":{\"profile\":\"gentle\",\"pauses\":{\"guard\":1,"
        "\"ceiling\":2},\"paused_ms\":3,\"halvings\":4,\"baseline_us\":5,\"worst_us\":6,"
        "\"touched\":0,\"latency_us\":9,\"commands\":8},\"shards\":[{\"shard\":\"10.0.0.1:6379\","
        "\"state\":\"done\",\"keys_seen\":5,\"keys_total\":7}]}");
    json_writer_release(&json);
}

static void test_what_is_not_so_is_left_out(void **state)
{
    struct json_writer json;
    const struct scan_progress progress = {0};
    (void)state;
    json_writer_init(&json);
    task_progress_write(&json, &progress, "fast");
    assert_null(strstr(json.text, "pause\""));
    assert_null(strstr(json.text, "shards"));
    assert_null(strstr(json.text, "latency_us"));
    json_writer_release(&json);
}

/* The database has room for 8 KiB, with a space behind each comma and colon and its own members. */
static void test_bounded(void **state)
{
    static struct scan_shard_progress shards[SCAN_SHARDS_TOLD_MAX];
    struct json_writer json;
    struct scan_progress progress = {.shards = shards, .shard_count = SCAN_SHARDS_TOLD_MAX};
    enum { OWN = 160 };
    (void)state;
    for (size_t length = 1; length <= ENDPOINT_TEXT_MAX; length += 7) {
        for (int i = 0; i < SCAN_SHARDS_TOLD_MAX; i++) {
            memset(shards[i].name, 'x', length);
            shards[i].state = SCAN_SHARD_RUNNING;
            shards[i].keys_seen = shards[i].keys_total = INT64_MAX;
        }
        json_writer_init(&json);
        task_progress_write(&json, &progress, "balanced");
        size_t spaces = 0;
        for (size_t i = 0; i < json.length; i++)
            spaces += json.text[i] == ',' || json.text[i] == ':';
        assert_true(json.length + spaces + OWN <= 8192);
        assert_int_equal(json.text[json.length - 1], '}');
        json_writer_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_what_is_not_so_is_left_out),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
