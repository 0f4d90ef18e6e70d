/* A resolver that hangs, and hosts that refuse: a round comes to its end and names each of them. */
#include "connector.h"

#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "unit.h"

enum { PATIENCE_MS = 20000 };

static atomic_int hanging, asked;

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res);

/* `hangs` does until it is told not to, and then is this machine, as `here` is at once. */
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **res)
{
    bool is_name = !(hints->ai_flags & AI_NUMERICHOST);
    if (is_name && strcmp(node, "hangs") == 0) {
        atomic_fetch_add(&asked, 1);
        while (atomic_load(&hanging))
            poll(NULL, 0, 5);
    } else if (is_name && strcmp(node, "here") != 0) {
        return EAI_NONAME;
    }
    return __real_getaddrinfo(is_name ? "127.0.0.1" : node, service, hints, res);
}

/* A round that must fail; how long it took. */
static int64_t fail_round(struct pg_connector *connector, struct error *ret_err)
{
    PGconn *connection = NULL;
    int64_t begun = clock_monotonic_ms();
    *ret_err = (struct error){0};
    pg_connector_start(connector);
    assert_int_equal(pg_connector_finish(connector, begun + PATIENCE_MS, &connection, ret_err), -1);
    return clock_monotonic_ms() - begun;
}

static void assert_says(const struct error *err, const char *words)
{
    if (!strstr(err->text, words))
        fail_msg("'%s' is not in: %s", words, err->text);
}

static void test_every_host_is_tried(void **state)
{
    (void)state;
    struct error err;
    struct pg_connector *connector = pg_connector_new(
        &(struct pg_login){.uri = "postgresql://unknown:1,here:1,127.0.0.1:2/d?connect_timeout=1"},
        "test", 1000, 800);
    assert_true(fail_round(connector, &err) < PATIENCE_MS);
    assert_int_equal(err.code, ERROR_DATABASE_CONNECTION);
    assert_says(&err, "unknown: the name does not resolve");
    assert_says(&err, "here: connection to server at \"127.0.0.1\", port 1 ");
    assert_says(&err, "port 2");
    pg_connector_free(connector);
}

static void test_a_resolver_that_hangs_holds_no_other_host(void **state)
{
    (void)state;
    struct error err;
    struct pg_connector *connector = pg_connector_new(
        &(struct pg_login){.uri = "postgresql://hangs:1,127.0.0.1:2/d?connect_timeout=1"}, "test",
        1000, 800);
    atomic_store(&hanging, 1);
    assert_true(fail_round(connector, &err) >= 1000);
    assert_says(&err, "hangs: the name was not resolved in time");
    assert_says(&err, "port 2");
    atomic_store(&hanging, 0);
    fail_round(connector, &err);
    assert_says(&err, "hangs: connection to server at \"127.0.0.1\", port 1 ");
    /* Now it is known where that was. */
    atomic_store(&hanging, 1);
    fail_round(connector, &err);
    assert_says(&err, "hangs: the name was not resolved in time");
    assert_says(&err, "hangs: connection to server at \"127.0.0.1\", port 1 ");
    assert_int_equal(atomic_load(&asked), 3);
    pg_connector_free(connector);
    atomic_store(&hanging, 0);
}

static void test_steps_do_not_block(void **state)
{
    (void)state;
    struct error err = {0};
    PGconn *connection = NULL;
    struct pg_connector *connector =
        pg_connector_new(&(struct pg_login){.uri = "postgresql://hangs/d"}, "test", 1000, 800);
    atomic_store(&hanging, 1);
    int64_t begun = clock_monotonic_ms();
    pg_connector_start(connector);
    assert_true(pg_connector_descriptor(connector) >= 0);
    assert_int_equal(pg_connector_events(connector), POLLIN);
    assert_int_equal(pg_connector_advance(connector, &connection, &err), 0);
    assert_true(clock_monotonic_ms() < pg_connector_deadline_ms(connector));
    assert_true(pg_connector_deadline_ms(connector) >= begun + 2000);
    pg_connector_free(connector);
    atomic_store(&hanging, 0);
}

static void test_a_string_that_is_none(void **state)
{
    (void)state;
    struct error err;
    struct pg_connector *connector =
        pg_connector_new(&(struct pg_login){.uri = "nonsense"}, "test", 1000, 800);
    for (int round = 0; round < 2; round++) {
        fail_round(connector, &err);
        assert_int_equal(err.code, ERROR_CONFIG);
    }
    pg_connector_free(connector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_host_is_tried),
        cmocka_unit_test(test_a_resolver_that_hangs_holds_no_other_host),
        cmocka_unit_test(test_steps_do_not_block),
        cmocka_unit_test(test_a_string_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
