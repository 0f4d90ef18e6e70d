/* Connections by client: counted, bounded, forgotten. */
#include "client_count.h"

#include <pthread.h>

#include "unit.h"

static struct address numbered(unsigned number)
{
    struct address address = {.bytes = {0x20, 1, 0xd, 0xb8, (uint8_t)(number >> 24),
                                        (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                                        (uint8_t)number}};
    return address;
}

static void bounds_each_alone(void **state)
{
    struct client_count *count = client_count_new(10);
    struct address a = numbered(1), b = numbered(2);
    (void)state;
    struct client *first = client_count_enter(count, &a, 2);
    assert_non_null(first);
    assert_ptr_equal(client_count_enter(count, &a, 2), first);
    assert_int_equal(client_connections(first), 2);
    assert_null(client_count_enter(count, &a, 2));
    struct client *second = client_count_enter(count, &b, 2);
    assert_non_null(second);
    assert_int_equal(client_connections(second), 1);
    client_count_leave(count, first);
    assert_ptr_equal(client_count_enter(count, &a, 2), first);
    assert_null(client_count_enter(count, &a, 2));
    client_count_leave(count, first);
    client_count_leave(count, first);
    client_count_leave(count, second);
    assert_null(client_count_enter(count, &a, 0));
    client_count_free(count);
}

/* More than the table has chains. */
static void holds_many(void **state)
{
    enum { CLIENTS = 5000 };
    static struct client *clients[CLIENTS];
    struct client_count *count = client_count_new(1);
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < CLIENTS; i++) {
            struct address address = numbered(i);
            clients[i] = client_count_enter(count, &address, 1);
            assert_non_null(clients[i]);
            assert_null(client_count_enter(count, &address, 1));
        }
        for (unsigned i = 0; i < CLIENTS; i++)
            client_count_leave(count, clients[i]);
    }
    client_count_free(count);
}

static void *enter_and_leave(void *argument)
{
    for (unsigned i = 0; i < 20000; i++) {
        struct address address = numbered(i % 7);
        struct client *client = client_count_enter(argument, &address, 3);
        if (client)
            client_count_leave(argument, client);
    }
    return NULL;
}

static void is_shared_by_threads(void **state)
{
    enum { THREADS = 4 };
    struct client_count *count = client_count_new(7);
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, count), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < 7; i++) {
        struct address address = numbered(i);
        struct client *client = client_count_enter(count, &address, 1);
        assert_non_null(client);
        client_count_leave(count, client);
    }
    client_count_free(count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_each_alone),
        cmocka_unit_test(holds_many),
        cmocka_unit_test(is_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
