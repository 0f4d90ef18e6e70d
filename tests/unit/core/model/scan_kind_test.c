/* The kinds: found by name, their refusals, and which servers can do them. */
#include "model/scan_kind.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_find(void **state)
{
    (void)state;
    for (int i = 0; i < SCAN_KIND_COUNT; i++) {
        assert_int_equal(scan_kinds[i].id, i);
        assert_ptr_equal(scan_kind_find(scan_kinds[i].name), &scan_kinds[i]);
    }
    assert_null(scan_kind_find(""));
    assert_null(scan_kind_find("Bigkey"));
}

/* What statements are told of kinds is what the table has. */
static void test_names(void **state)
{
    char names[SCAN_KIND_NAMES_MAX + 1],
        analyses[SCAN_KIND_NAMES_MAX + 1] = "", quoted[SCAN_KIND_NAMES_MAX + 1] = "(";
    (void)state;
    scan_kind_write_names(names);
    assert_string_equal(names, "bigkey,hotkey,expired,analysis,offline");
    for (int i = 0; i < SCAN_KIND_COUNT; i++) {
        size_t length = strlen(analyses), width = strlen(quoted);
        if (!scan_kind_is_analysis(&scan_kinds[i]))
            continue;
        snprintf(analyses + length, sizeof(analyses) - length, "%s%s", length ? "," : "",
                 scan_kinds[i].name);
        snprintf(quoted + width, sizeof(quoted) - width, "%s'%s'", width > 1 ? ", " : "",
                 scan_kinds[i].name);
    }
    assert_string_equal(analyses, SCAN_KINDS_OF_ANALYSES);
    assert_memory_equal(quoted, SCAN_KINDS_OF_ANALYSES_SQL, strlen(quoted));
    assert_int_equal(strlen(quoted) + 1, strlen(SCAN_KINDS_OF_ANALYSES_SQL));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        enum scan_kind_id id;
        const char *busy, *unsupported;
    } cases[] = {
        {SCAN_KIND_BIGKEY, "DCS.4918", "DCS.4919"},
        {SCAN_KIND_EXPIRED, "DCS.4017", "DCS.4818"},
        {SCAN_KIND_ANALYSIS, "EXT.0409", "EXT.0410"},
        {SCAN_KIND_OFFLINE, "DCS.4231", "DCS.4026"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct scan_kind *kind = &scan_kinds[cases[i].id];
        assert_string_equal(error_describe(kind->busy)->public_code, cases[i].busy);
        assert_string_equal(error_describe(kind->unsupported)->public_code, cases[i].unsupported);
    }
    assert_string_equal(error_describe(scan_kinds[SCAN_KIND_BIGKEY].unknown_task)->public_code,
                        "DCS.4942");
}

static void test_supported(void **state)
{
    (void)state;
    static const struct {
        int version;
        bool bigkey, expired;
    } cases[] = {
        {0, false, false},    {20699, false, false}, {20800, true, false}, {30007, true, false},
        {39999, true, false}, {40000, true, true},   {70015, true, true},  {90102, true, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct server_capability server = {.version = cases[i].version};
        assert_int_equal(scan_kind_supported(SCAN_KIND_BIGKEY, &server), cases[i].bigkey);
        assert_int_equal(scan_kind_supported(SCAN_KIND_ANALYSIS, &server), cases[i].bigkey);
        assert_int_equal(scan_kind_supported(SCAN_KIND_OFFLINE, &server), cases[i].bigkey);
        assert_int_equal(scan_kind_supported(SCAN_KIND_EXPIRED, &server), cases[i].expired);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
