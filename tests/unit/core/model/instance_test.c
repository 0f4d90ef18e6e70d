/* An instance as a row has it. */
#include "model/instance.h"

#include <string.h>

#include "unit.h"

#define VALUE(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void test_read(void **state)
{
    (void)state;
    static const struct pg_value values[1 + INSTANCE_COLUMN_COUNT] = {
        VALUE("1"),
        VALUE("project"),
        VALUE("id"),
        VALUE("name"),
        VALUE(""),
        VALUE("single"),
        VALUE("RUNNING"),
        VALUE("a:1,b:2"),
        VALUE("t"),
        {NULL, 0},
        VALUE("f"),
        VALUE("redis"),
        VALUE("7.0.15"),
        VALUE("bigkey"),
        VALUE("master"),
        VALUE("standalone"),
        VALUE("16"),
        VALUE("9000000000"),
        VALUE("0"),
        VALUE("noeviction"),
        {NULL, 0},
        {NULL, 0},
        VALUE("2026-11-22 17:09:23+00"),
        VALUE("2026-11-22 17:09:24.25+00"),
    };
    struct pg_rows rows = {.row_count = 1, .column_count = COUNT_OF(values), .values = values};
    struct instance instance;
    instance_read(&rows, 0, 1, &instance);
    assert_string_equal(instance.project_id, "project");
    assert_string_equal(instance.endpoints, "a:1,b:2");
    assert_true(instance.enable_ssl);
    assert_null(instance.username);
    assert_false(instance.has_password);
    assert_int_equal(instance.databases, 16);
    assert_true(instance.used_memory == 9000000000);
    assert_string_equal(instance.maxmemory_policy, "noeviction");
    assert_null(instance.probe_error);
    assert_string_equal(instance.probed_at, "");
    assert_string_equal(instance.created_at, "2026-11-22T17:09:23.000Z");
    assert_string_equal(instance.updated_at, "2026-11-22T17:09:24.250Z");
}

static void test_backup_directories(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "shop/cache-1", "..a/b..", "a b/\xc3\xa4", "..."};
    static const char *const bad[] = {"",     "/",      "/a",   "a/",    "a//b",
                                      ".",    "./a",    "a/.",  "..",    "../a",
                                      "a/..", "a/../b", "a\nb", "a\x7f", "a/./b"};
    char longest[INSTANCE_BACKUP_DIRECTORY_MAX + 2];
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(instance_backup_directory_is_path(text_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (instance_backup_directory_is_path(text_of(bad[i])))
            fail_msg("taken for a path: '%s'", bad[i]);
    }
    assert_false(instance_backup_directory_is_path(TEXT("a\0b")));
    memset(longest, 'a', sizeof(longest));
    assert_true(
        instance_backup_directory_is_path((struct text){longest, INSTANCE_BACKUP_DIRECTORY_MAX}));
    assert_false(instance_backup_directory_is_path(
        (struct text){longest, INSTANCE_BACKUP_DIRECTORY_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_backup_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
