/* Names: every address is tried, every connect asks again, and a resolver that is dead holds
 * nobody. getaddrinfo is replaced for one name; all else goes to the real one, and so does connect.
 */
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fake_server.h"
#include "redis/connection.h"
#include "unit.h"

#define NAME "scripted.example"

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stuck; /* it does not answer */
    int inside; /* calls that wait */
    int lookups, connects;
    const char *addresses[2];
} script = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses)
{
    if (strcmp(host, NAME) != 0 || (hints->ai_flags & AI_NUMERICHOST))
        return __real_getaddrinfo(host, port, hints, ret_addresses);
    pthread_mutex_lock(&script.mutex);
    script.inside++;
    script.lookups++;
    pthread_cond_broadcast(&script.changed);
    while (script.stuck)
        pthread_cond_wait(&script.changed, &script.mutex);
    int failure = __real_getaddrinfo(script.addresses[0], port, hints, ret_addresses);
    if (failure == 0 && script.addresses[1])
        failure = __real_getaddrinfo(script.addresses[1], port, hints, &(*ret_addresses)->ai_next);
    script.inside--;
    pthread_cond_broadcast(&script.changed);
    pthread_mutex_unlock(&script.mutex);
    return failure;
}

int __real_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    script.connects++; /* by the thread of the test */
    return __real_connect(descriptor, address, length);
}

static struct outbound *policy; /* null: that of the other tests */

static void set_script(bool stuck, const char *first, const char *second)
{
    pthread_mutex_lock(&script.mutex);
    script.stuck = stuck;
    script.addresses[0] = first;
    script.addresses[1] = second;
    pthread_cond_broadcast(&script.changed);
    pthread_mutex_unlock(&script.mutex);
}

/* Lets those go that wait, and waits for their end. */
static void release_all(void)
{
    set_script(false, "127.0.0.1", NULL);
    pthread_mutex_lock(&script.mutex);
    while (script.inside > 0)
        pthread_cond_wait(&script.changed, &script.mutex);
    pthread_mutex_unlock(&script.mutex);
}

static void serve(int socket, void *argument)
{
    (void)argument;
    fake_greet(socket);
    fake_wait_closed(socket);
}

static int dial(const char *host, int port, int timeout_ms, struct redis_interrupt interrupt,
                struct error *err)
{
    struct redis_target target = {.endpoint.port = port,
                                  .outbound = policy ? policy : fake_outbound(),
                                  .connect_timeout_ms = timeout_ms,
                                  .reply_timeout_ms = timeout_ms};
    struct redis_connection *connection = NULL;
    snprintf(target.endpoint.host, sizeof(target.endpoint.host), "%s", host);
    *err = (struct error){0};
    int status = redis_connection_open(&target, interrupt, &connection, err);
    redis_connection_free(status == 0 ? connection : NULL);
    return status;
}

static const struct redis_interrupt never = {0};

/* The server listens on 127.0.0.1 only: of `localhost` the other family is refused. */
static void literals_and_localhost(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "::ffff:127.0.0.1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct fake_server server;
        struct error err;
        fake_server_start(&server, serve, NULL);
        int status = dial(hosts[i], server.port, 5000, never, &err);
        fake_server_stop(&server);
        if (status < 0)
            fail_msg("%s: %s", hosts[i], err.text);
    }
}

static void every_address_is_tried(void **state)
{
    struct fake_server server;
    struct error err;
    (void)state;
    set_script(false, "127.0.0.2", "127.0.0.1");
    fake_server_start(&server, serve, NULL);
    int status = dial(NAME, server.port, 5000, never, &err);
    fake_server_stop(&server);
    assert_string_equal(err.text, "");
    assert_int_equal(status, 0);
}

static void every_connect_asks_again(void **state)
{
    struct fake_server server;
    struct error err;
    (void)state;
    fake_server_start(&server, serve, NULL);
    set_script(false, "127.0.0.2", NULL);
    assert_int_equal(dial(NAME, server.port, 5000, never, &err), -1);
    assert_non_null(strstr(err.text, "refused"));
    set_script(false, "127.0.0.1", NULL);
    int status = dial(NAME, server.port, 5000, never, &err);
    fake_server_stop(&server);
    assert_int_equal(status, 0);
}

/* One look-up for a connection, and what it found is judged, each time anew. */
static void what_was_found_is_judged(void **state)
{
    struct outbound *outbound;
    struct fake_server server;
    struct error err = {0};
    (void)state;
    assert_int_equal(
        outbound_new(&(struct outbound_settings){"networks", "127.0.0.1", ""}, &outbound, &err), 0);
    policy = outbound;
    set_script(false, "127.0.0.2", "127.0.0.1");
    fake_server_start(&server, serve, NULL);
    int before = script.lookups, connects = script.connects;
    assert_int_equal(dial(NAME, server.port, 5000, never, &err), 0);
    assert_int_equal(script.lookups, before + 1);
    assert_int_equal(script.connects, connects + 1);
    set_script(false, "127.0.0.2", "169.254.169.254");
    assert_int_equal(dial(NAME, server.port, 5000, never, &err), -1);
    assert_int_equal(err.code, ERROR_OUTBOUND_FORBIDDEN);
    assert_non_null(strstr(err.text, "127.0.0.2:"));
    assert_int_equal(script.lookups, before + 2);
    assert_int_equal(script.connects, connects + 1);
    fake_server_stop(&server);
    policy = NULL;
    outbound_free(outbound);
}

static void a_dead_resolver_is_left(void **state)
{
    struct error err;
    int64_t started = clock_monotonic_ms();
    (void)state;
    set_script(true, "127.0.0.1", NULL);
    assert_int_equal(dial(NAME, 1, 200, never, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_TIMEOUT);
    assert_non_null(strstr(err.text, NAME ":1: the name was not resolved in time"));
    assert_true(clock_monotonic_ms() - started >= 200);
    release_all();
}

/* Asked for the second time it says stop. */
static int stop_soon(void *argument, struct error *err)
{
    int *asked = argument;
    return ++*asked < 2 ? 0 : error_set(err, ERROR_SCAN_CANCELLED, "cancelled");
}

static void a_dead_resolver_can_be_cancelled(void **state)
{
    int asked = 0;
    struct redis_interrupt interrupt = {stop_soon, &asked};
    struct error err;
    (void)state;
    set_script(true, "127.0.0.1", NULL);
    assert_int_equal(dial(NAME, 1, 600000, interrupt, &err), -1);
    assert_int_equal(err.code, ERROR_SCAN_CANCELLED);
    release_all();
}

enum { PENDING_MAX = 64 }; /* RESOLVER_PENDING_MAX */

static void the_left_ones_are_bounded(void **state)
{
    struct error err;
    (void)state;
    set_script(true, "127.0.0.1", NULL);
    for (int i = 0; i < PENDING_MAX; i++) {
        assert_int_equal(dial(NAME, 1, 1, never, &err), -1);
        assert_int_equal(err.code, ERROR_REDIS_TIMEOUT);
    }
    assert_int_equal(dial(NAME, 1, 1, never, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    assert_non_null(strstr(err.text, "64 names are being resolved already"));
    release_all();
}

static void an_unknown_name(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(dial("no-such-host.invalid", 1, 10000, never, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    assert_non_null(strstr(err.text, "the name does not resolve"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_and_localhost),
        cmocka_unit_test(every_address_is_tried),
        cmocka_unit_test(every_connect_asks_again),
        cmocka_unit_test(what_was_found_is_judged),
        cmocka_unit_test(a_dead_resolver_is_left),
        cmocka_unit_test(a_dead_resolver_can_be_cancelled),
        cmocka_unit_test(the_left_ones_are_bounded),
        cmocka_unit_test(an_unknown_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
