/* At the limits of each release. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "encoding.h"

static struct server server_of(int rdb_version, bool valkey, const char *version, int bits)
{
    struct rdb_facts facts = {.rdb_version = rdb_version, .valkey = valkey, .bits = bits};
    struct server server;
    facts.valkey_magic = rdb_version >= 80;
    snprintf(facts.server_version, sizeof(facts.server_version), "%s", version);
    server_init(&server, &facts);
    return server;
}

static void check(const char *told, const char *due)
{
    if (!told || !due)
        assert_ptr_equal(told, due);
    else
        assert_string_equal(told, due);
}

static const struct {
    int rdb_version;
    bool valkey;
    const char *version;
    size_t name;
    bool has_expiry;
    uint64_t length;
    const char *encoding;
} strings[] = {
    /* No version: 2.8 or 3.0. */
    {6, false, "", 5, false, 39, NULL},
    {6, false, "", 5, false, 40, "raw"},
    /* One limit for all. */
    {7, false, "3.2.0", 5000, true, 44, "embstr"},
    {7, false, "", 5000, true, 44, "embstr"},
    {7, false, "3.2.0", 5, false, 45, "raw"},
    {11, false, "7.2.6", 5000, false, 44, "embstr"},
    {12, false, "8.0.3", 5000, false, 44, "embstr"},
    {12, false, "8.1.0", 5, false, 45, "raw"},
    {11, true, "7.2.5", 5000, true, 44, "embstr"},
    {11, true, "8.0.1", 5000, true, 44, "embstr"},
    {11, true, "8.0.1", 5000, true, 45, "raw"},
    /* 64 bytes with the object (16), the name (and 3) and the value (and 4). */
    {12, false, "8.2.0", 10, false, 31, "embstr"},
    {12, false, "8.2.0", 10, false, 32, "raw"},
    {12, false, "8.2.0", 10, true, 23, "embstr"},
    {12, false, "8.2.0", 10, true, 24, "raw"},
    {12, false, "255.255.255", 10, false, 32, "raw"},
    {12, false, "8.2.0", 41, false, 0, "embstr"},
    {12, false, "8.2.0", 42, false, 0, "raw"},
    {12, false, "8.2.0", 5000, false, 0, "raw"},
    {11, true, "8.1.0", 10, false, 31, "embstr"},
    {11, true, "8.1.0", 10, false, 32, "raw"},
    {11, true, "8.1.0", 10, true, 23, "embstr"},
    {11, true, "8.1.0", 10, true, 24, "raw"},
    {11, true, "8.1.0", 31, false, 10, "embstr"},
    {11, true, "8.1.0", 31, false, 11, "raw"},
    {11, true, "8.1.0", 32, false, 9, "embstr"},
    {11, true, "8.1.0", 32, false, 10, "raw"},
    /* Or 8 bytes of object, and names from 32 bytes on have a longer header. */
    {80, true, "9.0.0", 32, false, 7, "embstr"},
    {80, true, "9.0.0", 32, false, 15, NULL},
    {80, true, "9.0.0", 32, false, 16, "raw"},
    {80, true, "9.0.0", 10, false, 31, "embstr"},
    {80, true, "9.0.0", 10, false, 32, NULL},
    {80, true, "9.0.0", 10, false, 39, NULL},
    {80, true, "9.0.0", 10, false, 40, "raw"},
    /* 128 bytes with that. */
    {80, true, "9.1.0", 10, false, 103, "embstr"},
    {80, true, "9.1.0", 10, false, 104, "raw"},
    {80, true, "9.1.0", 10, true, 95, "embstr"},
    {80, true, "9.1.0", 10, true, 96, "raw"},
    {80, true, "", 10, false, 103, "embstr"},
};

static void knows_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        struct server server =
            server_of(strings[i].rdb_version, strings[i].valkey, strings[i].version, 64);
        enum footprint_text_form form;
        check(encoding_of_string(&server, strings[i].name, strings[i].has_expiry, strings[i].length,
                                 false, 0, &form),
              strings[i].encoding);
        assert_int_equal(form, strings[i].encoding && strings[i].encoding[0] == 'r'
                                   ? FOOTPRINT_APART
                                   : FOOTPRINT_EMBEDDED);
    }
}

/* Before 3.0 nothing was embedded; a long of 32 bits holds less. */
static void knows_old_and_small_servers(void **state)
{
    (void)state;
    enum footprint_text_form form;
    struct server old = server_of(6, false, "2.8.24", 64);
    check(encoding_of_string(&old, 5, false, 10, false, 0, &form), "raw");
    check(encoding_of_string(&old, 5, false, 2, true, 10, &form), "int");
    assert_int_equal(form, FOOTPRINT_INTEGER);
    struct server small = server_of(9, false, "5.0.7", 32);
    check(encoding_of_string(&small, 5, false, 10, true, INT32_MAX, &form), "int");
    check(encoding_of_string(&small, 5, false, 10, true, INT64_C(1) << 31, &form), "embstr");
    check(encoding_of_string(&small, 5, false, 11, true, INT32_MIN, &form), "int");
    check(encoding_of_string(&small, 5, false, 11, true, INT64_C(-2147483649), &form), "embstr");
}

static void knows_lists_and_streams(void **state)
{
    (void)state;
    struct server before = server_of(10, false, "7.0.15", 64);
    struct server since = server_of(11, false, "7.2.0", 64);
    check(encoding_of_list(&before, 1, false), "quicklist");
    check(encoding_of_list(&since, 1, false), "listpack");
    check(encoding_of_list(&since, 1, true), "quicklist");
    check(encoding_of_list(&since, 2, false), "quicklist");
    struct server five = server_of(9, false, "5.0.14", 64), six = server_of(9, false, "6.0.20", 64);
    struct server later = server_of(9, false, "6.2.0", 64), untold = server_of(9, false, "", 64);
    check(encoding_of_stream(&five), "unknown");
    check(encoding_of_stream(&six), NULL);
    check(encoding_of_stream(&later), "stream");
    check(encoding_of_stream(&untold), "stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_strings),
        cmocka_unit_test(knows_old_and_small_servers),
        cmocka_unit_test(knows_lists_and_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
