/* The account: its bound, by one and by several at a time, and what connections hold on it. */
#include "redis/memory.h"

#include <pthread.h>

#include "output.h"
#include "reply_reader.h"
#include "unit.h"

static void is_bounded(void **state)
{
    struct redis_memory memory;
    (void)state;
    redis_memory_init(&memory);
    assert_true(redis_memory_is_ample(&memory));
    assert_false(redis_memory_take(&memory, (size_t)REDIS_MEMORY_MAX + 1));
    assert_false(redis_memory_take(&memory, SIZE_MAX));
    assert_true(redis_memory_take(&memory, REDIS_MEMORY_MAX));
    assert_false(redis_memory_is_ample(&memory));
    assert_false(redis_memory_take(&memory, 1));
    assert_true(redis_memory_take(&memory, 0));
    redis_memory_give(&memory, REDIS_MEMORY_MAX);
    assert_true(redis_memory_take(&memory, 1));
}

enum { THREADS = 4, ROUNDS = 20000, PIECE = REDIS_MEMORY_MAX / 3 };

static void *take_and_give(void *argument)
{
    struct redis_memory *memory = argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (!redis_memory_take(memory, PIECE))
            continue;
        if (atomic_load(&memory->held) > REDIS_MEMORY_MAX)
            return memory;
        redis_memory_give(memory, PIECE);
    }
    return NULL;
}

static void is_shared(void **state)
{
    pthread_t threads[THREADS];
    struct redis_memory memory;
    (void)state;
    redis_memory_init(&memory);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &memory), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failure;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    assert_int_equal(atomic_load(&memory.held), 0);
}

/* What one side holds the other cannot have, and all of it is given back. */
static void questions_and_replies_are_on_one_account(void **state)
{
    static char bytes[1 << 20];
    const struct redis_reply *reply;
    struct reply_reader reader;
    struct redis_memory memory;
    struct output output;
    struct error err = {0};
    (void)state;
    redis_memory_init(&memory);
    output_init(&output, &memory);
    reply_reader_init(&reader, &memory);
    assert_int_equal(atomic_load(&memory.held), 0);
    for (int i = 0; i < 12; i++)
        assert_int_equal(output_command(&output, &(struct text){bytes, sizeof(bytes)}, 1), 0);
    assert_int_equal(atomic_load(&memory.held), 16 << 20);
    assert_int_equal(reply_reader_feed(&reader, "$12000000\r\n", 11, &err), 0);
    assert_int_equal(reply_reader_next(&reader, &reply, &err), 0);
    int fed = 0;
    while (reply_reader_feed(&reader, bytes, sizeof(bytes), &err) == 0 &&
           reply_reader_next(&reader, &reply, &err) == 0)
        fed++;
    /* The whole reply would be the twelfth: it is refused where it is to be kept a second time. */
    assert_in_range(fed, 8, 11);
    assert_string_equal(err.text, "more than 32 MiB of replies and questions are held");
    output_release(&output);
    reply_reader_release(&reader);
    assert_int_equal(atomic_load(&memory.held), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(is_shared),
        cmocka_unit_test(questions_and_replies_are_on_one_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
