/* What INFO says against a fork, of servers that tell much and of those that tell little. */
#include "readiness.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define MASTER "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n"
#define REPLICA                                                                                    \
    "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:slave\r\nmaster_host:a\r\n"             \
    "master_port:6379\r\n"
#define MEMORY "used_memory:1000000\r\nused_memory_rss:2000000\r\ntotal_system_memory:2100000\r\n"

static void test_servers(void **state)
{
    static const struct {
        const char *info;
        int percent;
        enum error_code code;
        const char *text;
    } cases[] = {
        {MASTER, 10, ERROR_NONE, ""},
        {MASTER "loading:0\r\nasync_loading:0\r\nrdb_bgsave_in_progress:0\r\n"
                "aof_rewrite_in_progress:0\r\nmodule_fork_in_progress:0\r\n",
         10, ERROR_NONE, ""},
        {MASTER "loading:1\r\n", 10, ERROR_REDIS_UNREADY, "still loading its data (loading:1)"},
        {MASTER "async_loading:1\r\n", 10, ERROR_REDIS_UNREADY, "still loading"},
        {MASTER "rdb_bgsave_in_progress:1\r\n", 10, ERROR_REDIS_UNREADY,
         "has a fork already: it saves"},
        {MASTER "aof_rewrite_in_progress:1\r\n", 10, ERROR_REDIS_UNREADY, "rewrites its AOF"},
        {MASTER "module_fork_in_progress:1\r\n", 10, ERROR_REDIS_UNREADY, "a module's"},
        {REPLICA "master_link_status:up\r\nmaster_sync_in_progress:0\r\n", 10, ERROR_NONE, ""},
        {REPLICA "master_link_status:down\r\n", 10, ERROR_REDIS_UNREADY, "no link to its master"},
        {REPLICA "master_link_status:up\r\nmaster_sync_in_progress:1\r\n", 10, ERROR_REDIS_UNREADY,
         "being filled by its master"},
        {REPLICA, 10, ERROR_REDIS_UNREADY, "no link to its master"},
        {MASTER MEMORY, 10, ERROR_NONE, ""},
        {MASTER MEMORY, 11, ERROR_REDIS_UNREADY, "too little memory for a fork"},
        {MASTER MEMORY, 0, ERROR_NONE, ""},
        {MASTER MEMORY, 2147483647, ERROR_REDIS_UNREADY, "too little memory"},
        {"redis_version:7.0.15\r\nredis_mode:sentinel\r\n", 10, ERROR_REDIS_REFUSED, "a Sentinel"},
        {"nothing\r\n", 10, ERROR_REDIS_PROTOCOL, "INFO"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct readiness readiness;
        struct error err = {0};
        int status = readiness_check(text_of(cases[i].info), cases[i].percent, &readiness, &err);
        if (err.code != cases[i].code || !strstr(err.text, cases[i].text) ||
            (status < 0) != (err.code != ERROR_NONE))
            fail_msg("case %zu: %s: %s", i, error_describe(err.code)->symbol, err.text);
    }
}

/* Before Redis 3.2, and where somebody else's service hides it. */
static void test_memory_may_be_unknown(void **state)
{
    static const struct {
        const char *info;
        bool known;
    } cases[] = {
        {MASTER MEMORY, true},
        {MASTER "used_memory:1000000\r\nused_memory_rss:2000000\r\n", false},
        {MASTER "used_memory:1000000\r\nused_memory_rss:2000000\r\ntotal_system_memory:0\r\n",
         false},
        {MASTER "used_memory:1000000\r\ntotal_system_memory:10\r\n", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct readiness readiness;
        struct error err = {0};
        assert_int_equal(readiness_check(text_of(cases[i].info), 10, &readiness, &err), 0);
        assert_int_equal(readiness.memory_known, cases[i].known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_memory_may_be_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
