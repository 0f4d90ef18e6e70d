/* A task as a row has it, and the names of its states. */
#include "model/scan_task.h"

#include <string.h>

#include "unit.h"

static void test_status_names(void **state)
{
    (void)state;
    static const char *const names[] = {"waiting", "running", "success", "failed"};
    for (int i = 0; i < SCAN_STATUS_COUNT; i++) {
        enum scan_status status = SCAN_STATUS_COUNT;
        assert_string_equal(scan_status_name((enum scan_status)i), names[i]);
        assert_int_equal(scan_status_parse(text_of(names[i]), &status), 0);
        assert_int_equal(status, i);
    }
    static const char *const bad[] = {"", "Waiting", "wait", "success ", "cancelled"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        enum scan_status status = SCAN_STATUS_RUNNING;
        assert_int_equal(scan_status_parse(text_of(bad[i]), &status), -1);
        assert_int_equal(status, SCAN_STATUS_RUNNING);
    }
}

#define VALUE(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void test_read(void **state)
{
    (void)state;
    static const struct pg_value values[] = {
        VALUE("found"),
        VALUE("858ee14c-2271-4489-8b82-000000000001"),
        VALUE("5560df16-cebf-4473-95c4-000000000002"),
        VALUE("running"),
        VALUE("auto"),
        VALUE("17"),
        VALUE("2026-11-22 17:09:23.5+00"),
        VALUE("2026-11-22 17:09:24+00"),
        {NULL, 0},
    };
    struct pg_rows rows = {.row_count = 1, .column_count = 9, .values = values};
    struct scan_task task;
    scan_task_read(&rows, 0, 1, &task);
    assert_ptr_equal(task.id, values[1].text);
    assert_ptr_equal(task.instance_id, values[2].text);
    assert_int_equal(task.status, SCAN_STATUS_RUNNING);
    assert_string_equal(task.scan_type, "auto");
    assert_int_equal(task.num, 17);
    assert_string_equal(task.created_at, "2026-11-22T17:09:23.500Z");
    assert_string_equal(task.started_at, "2026-11-22T17:09:24.000Z");
    assert_string_equal(task.finished_at, "");
}

static void test_read_source(void **state)
{
    (void)state;
    static const struct pg_value values[] = {
        VALUE("analysis"), {NULL, 0},      {NULL, 0},        {NULL, 0},       {NULL, 0},
        {NULL, 0},         {NULL, 0},      VALUE("offline"), VALUE("n"),      VALUE("::1"),
        VALUE("6379"),     VALUE("slave"), VALUE("2"),       {NULL, 0},       VALUE("offline"),
        VALUE("n"),        VALUE("::1"),   VALUE("6379"),    VALUE("master"), VALUE("0"),
        VALUE("a.rdb"),
    };
    const struct pg_rows rows = {
        .row_count = 3, .column_count = ANALYSIS_SOURCE_COLUMN_COUNT, .values = values};
    struct analysis_source source;
    analysis_source_read(&rows, 0, 0, &source);
    assert_string_equal(source.name, "scan");
    assert_null(source.node_id);
    assert_null(source.backup_id);
    analysis_source_read(&rows, 1, 0, &source);
    assert_string_equal(source.name, "replication");
    assert_string_equal(source.node_id, "n");
    assert_string_equal(source.host, "::1");
    assert_int_equal(source.port, 6379);
    assert_string_equal(source.role, "slave");
    assert_int_equal(source.shard, 2);
    analysis_source_read(&rows, 2, 0, &source);
    assert_string_equal(source.name, "backup");
    assert_string_equal(source.role, "master");
    assert_string_equal(source.backup_id, "a.rdb");
}

static void test_backup_ids(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "nightly-2026-11-28.rdb", "_", "-", "A..b"};
    static const char *const bad[] = {"",     ".",   "..",   ".rdb",    "a/b",
                                      "../a", "a b", "a\\b", "\xc3\xa4"};
    char longest[SCAN_BACKUP_ID_MAX + 2];
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(scan_backup_id_is_name(text_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (scan_backup_id_is_name(text_of(bad[i])))
            fail_msg("taken for a name: '%s'", bad[i]);
    }
    assert_false(scan_backup_id_is_name(TEXT("a\0b")));
    memset(longest, 'a', sizeof(longest));
    assert_true(scan_backup_id_is_name((struct text){longest, SCAN_BACKUP_ID_MAX}));
    assert_false(scan_backup_id_is_name((struct text){longest, SCAN_BACKUP_ID_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_source),
        cmocka_unit_test(test_backup_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
