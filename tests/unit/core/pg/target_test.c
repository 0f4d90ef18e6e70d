/* Connection strings taken apart, and how each mistake is named without a word of a password. */
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "pg/hosts.h"
#include "unit.h"

enum { HOSTS_TEXT_MAX = 256 };

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

/* name=address:port of each host, with spaces between. */
static void describe(const struct pg_target *target, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (int i = 0; i < target->host_count; i++) {
        const struct pg_host *host = &target->hosts[i];
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s=%s:%s", i > 0 ? " " : "",
                                 host->name, or_dash(host->address), or_dash(host->port));
    }
}

static void test_hosts(void **state)
{
    static const struct {
        const char *uri, *hosts, *session;
        int connect_timeout_ms;
    } cases[] = {
        {"postgresql://a/d", "a=-:5432", "read-write", 2000},
        {"postgres://u:p@a:1,b:2,[::1]:3/d", "a=-:1 b=-:2 ::1=-:3", "read-write", 2000},
        {"postgresql://a,b:2/d", "a=-:- b=-:2", "read-write", 2000},
        {"host=a,b port=7", "a=-:7 b=-:7", "read-write", 2000},
        {"host=a,b hostaddr=10.0.0.1,", "a=10.0.0.1:5432 b=-:5432", "read-write", 2000},
        {"hostaddr=10.0.0.1,10.0.0.2 port=1,2", "=10.0.0.1:1 =10.0.0.2:2", "read-write", 2000},
        {"postgresql:///d?host=/run/x&target_session_attrs=any", "/run/x=-:5432", "any", 2000},
        {"postgresql://a/d?target_session_attrs=primary&connect_timeout=10", "a=-:5432", "primary",
         10000},
        {"postgresql:///d", "=-:5432", "read-write", 2000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_target *target;
        struct error err = {0};
        char hosts[256];
        if (pg_target_new(cases[i].uri, "test", 1000, 800, &target, &err) < 0)
            fail_msg("%s: %s", cases[i].uri, err.text);
        describe(target, hosts, sizeof(hosts));
        assert_string_equal(hosts, cases[i].hosts);
        assert_string_equal(target->session, cases[i].session);
        assert_int_equal(target->connect_timeout_ms, cases[i].connect_timeout_ms);
        pg_target_free(target);
    }
}

static void append(void *argument, const char *host, int port)
{
    char *text = argument;
    size_t used = strlen(text);
    snprintf(text + used, HOSTS_TEXT_MAX - used, "%s:%d ", host, port);
}

static void test_what_is_reached_over_tcp(void **state)
{
    static const struct {
        const char *uri, *hosts;
    } cases[] = {
        {"postgresql://a/d", "a:5432 "},
        {"postgres://u:p@a:1,b:2,[::1]:3/d", "a:1 b:2 ::1:3 "},
        {"host=a,b hostaddr=10.0.0.1,", "10.0.0.1:5432 b:5432 "},
        {"host=/run/x,a port=1,2", "a:2 "},
        {"host=@abstract", ""},
        {"postgresql:///d", ""},
    };
    struct error err = {0};
    char hosts[HOSTS_TEXT_MAX] = "";
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        hosts[0] = '\0';
        assert_int_equal(pg_hosts_list(cases[i].uri, append, hosts, &err), 0);
        assert_string_equal(hosts, cases[i].hosts);
    }
    assert_int_equal(pg_hosts_list("no string", append, hosts, &err), -1);
    assert_int_equal(err.code, ERROR_CONFIG);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *uri, *reason;
    } cases[] = {
        {"not a url", "not a PostgreSQL"},
        {"postgresql:u:hunter2@h/d", "not a PostgreSQL"},
        {"postgresql://u:hunter2@[::1/d", "not a PostgreSQL"},
        {"postgresql://u:hunter2@h/d?no_such=1", "no_such"},
        {"host=a,b port=1,2,3 password=hunter2", "equally many"},
        {"host=a,b,c hostaddr=10.0.0.1,10.0.0.2", "equally many"},
        {"postgresql://h/d?target_session_attrs=standby", "target_session_attrs"},
        {"postgresql://h/d?target_session_attrs=prefer-standby", "target_session_attrs"},
        {"postgresql://h/d?connect_timeout=0", "connect_timeout"},
        {"postgresql://h/d?connect_timeout=11", "connect_timeout"},
        {"postgresql://h/d?connect_timeout=soon", "connect_timeout"},
        {"service=mine password=hunter2", "service"},
        {"host=,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "32 hosts"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_target *target;
        struct error err = {0};
        assert_int_equal(pg_target_new(cases[i].uri, "test", 1000, 800, &target, &err), -1);
        assert_int_equal(err.code, ERROR_CONFIG);
        if (!strstr(err.text, cases[i].reason) || strstr(err.text, "hunter2"))
            fail_msg("%s: %s", cases[i].uri, err.text);
    }
}

static void test_what_libpq_is_given(void **state)
{
    static const char uri[] = "postgresql://a:1,b:2/d?application_name=mine&keepalives_idle=60"
                              "&options=-c%20statement_timeout%3D7%20-c%20TimeZone%3DAsia/Tokyo";
    static const struct {
        const char *keyword, *value;
    } expected[] = {
        {"host", "b"},
        {"hostaddr", "127.0.0.1"},
        {"port", "2"},
        {"dbname", "d"},
        {"application_name", "mine"},
        {"fallback_application_name", "test"},
        {"keepalives_idle", "60"},
        {"keepalives_interval", "2"},
        {"tcp_user_timeout", "10000"},
        {"target_session_attrs", "read-write"},
    };
    (void)state;
    struct pg_target *target;
    struct error err = {0};
    assert_int_equal(pg_target_new(uri, "test", 1000, 800, &target, &err), 0);
    PGconn *connection = pg_target_connect(target, &target->hosts[1], "127.0.0.1", NULL);
    PQconninfoOption *options = PQconninfo(connection);
    assert_non_null(options);
    for (const PQconninfoOption *option = options; option->keyword; option++) {
        for (size_t i = 0; i < COUNT_OF(expected); i++) {
            if (strcmp(option->keyword, expected[i].keyword) == 0)
                assert_string_equal(option->val, expected[i].value);
        }
        if (strcmp(option->keyword, "options") != 0)
            continue;
        /* The later one counts: the time-outs are the operator's, what results look like is not. */
        const char *own = strstr(option->val, "statement_timeout=7");
        assert_true(own && own > strstr(option->val, "statement_timeout=1000"));
        assert_true(strstr(option->val, "TimeZone=UTC") > own);
    }
    PQconninfoFree(options);
    PQfinish(connection);
    pg_target_free(target);
}

int main(void)
{
    static const char *const environment[] = {"PGHOST",     "PGHOSTADDR",           "PGPORT",
                                              "PGSERVICE",  "PGTARGETSESSIONATTRS", "PGOPTIONS",
                                              "PGDATABASE", "PGCONNECT_TIMEOUT"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_what_is_reached_over_tcp),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_what_libpq_is_given),
    };
    for (size_t i = 0; i < COUNT_OF(environment); i++)
        unsetenv(environment[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
