/* What is in flight: in order, round and round, and with parameters that can be sent again. */
#include "job_ring.h"

#include <string.h>

#include "unit.h"

enum { CAPACITY = 5, ROUNDS = 23 };

static void test_order(void **state)
{
    (void)state;
    struct job_ring ring;
    intptr_t pushed = 0, popped = 0;
    job_ring_init(&ring, CAPACITY);
    for (int round = 0; round < ROUNDS; round++) {
        while (ring.depth < CAPACITY) {
            struct job *job = job_ring_push(&ring);
            assert_null(job->argument);
            assert_false(job->is_kept);
            job->argument = (void *)++pushed;
            job->is_kept = true;
        }
        for (int i = 0; i < ring.depth; i++)
            assert_ptr_equal(job_ring_at(&ring, i)->argument, (void *)(popped + i + 1));
        for (int i = 0; i <= round % CAPACITY; i++)
            assert_ptr_equal(job_ring_pop(&ring)->argument, (void *)++popped);
    }
    job_ring_push(&ring)->argument = NULL;
    job_ring_take_back(&ring);
    while (ring.depth > 0)
        assert_ptr_equal(job_ring_pop(&ring)->argument, (void *)++popped);
    assert_int_equal(popped, pushed);
    job_ring_release(&ring);
}

static void test_what_is_kept(void **state)
{
    (void)state;
    static const struct pg_statement statement = {"s", "", 4, PG_READS};
    const char *values[JOB_KEPT_PARAMETERS];
    struct job job = {.statement = &statement};
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, -7);
    pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, "");
    pg_parameters_add_text(&parameters, TEXT("text"));
    assert_true(job_keep(&job, &parameters));
    assert_true(job.is_kept);
    memset(&parameters, 0, sizeof(parameters));
    job_restore(&job, values);
    assert_string_equal(values[0], "-7");
    assert_null(values[1]);
    assert_string_equal(values[2], "");
    assert_string_equal(values[3], "text");
}

static void test_what_is_too_much(void **state)
{
    (void)state;
    char large[JOB_KEPT_BYTES + 1];
    struct job job = {0};
    struct pg_parameters parameters;
    memset(large, 'x', sizeof(large));
    large[JOB_KEPT_BYTES - 1] = '\0';
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, large);
    assert_true(job_keep(&job, &parameters));
    pg_parameters_add_reference(&parameters, "");
    assert_false(job_keep(&job, &parameters));
    assert_false(job.is_kept);
    pg_parameters_init(&parameters);
    for (int i = 0; i < JOB_KEPT_PARAMETERS; i++)
        pg_parameters_add_reference(&parameters, "");
    assert_true(job_keep(&job, &parameters));
    pg_parameters_add_reference(&parameters, NULL);
    assert_false(job_keep(&job, &parameters));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_what_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
