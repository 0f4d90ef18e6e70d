/* What a stream says next, in which order, and what it leaves out. */
#include "stream_machine.h"

#include "unit.h"

enum { SILENCE_MS = 100 };

static struct stream_machine fresh(void)
{
    return (struct stream_machine){.silence_ms = SILENCE_MS};
}

static void test_one_piece_at_a_time_and_then_the_newest(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    assert_int_equal(stream_machine_next(&machine, 1, false, 0), STREAM_EVENT);
    for (uint64_t version = 1; version < 9; version++)
        assert_int_equal(stream_machine_next(&machine, version, false, 1000), STREAM_WAIT);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 9, false, 1000), STREAM_EVENT);
    assert_int_equal(machine.sent, 9);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 9, false, 1001), STREAM_WAIT);
}

static void test_a_comment_where_it_was_silent(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    stream_machine_next(&machine, 1, false, 0);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 1, false, SILENCE_MS - 1), STREAM_WAIT);
    assert_int_equal(stream_machine_next(&machine, 1, false, SILENCE_MS), STREAM_COMMENT);
    assert_int_equal(stream_machine_next(&machine, 1, false, 3 * SILENCE_MS), STREAM_WAIT);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 1, false, 2 * SILENCE_MS - 1), STREAM_WAIT);
    assert_int_equal(stream_machine_next(&machine, 1, false, 2 * SILENCE_MS), STREAM_COMMENT);
}

static void test_the_last_event_is_the_end(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    assert_int_equal(stream_machine_next(&machine, 1, true, 0), STREAM_EVENT);
    assert_true(machine.is_over);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 2, true, 9999), STREAM_WAIT);
}

static void test_the_newest_goes_before_the_farewell(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    machine.is_leaving = true;
    assert_int_equal(stream_machine_next(&machine, 1, false, 0), STREAM_EVENT);
    assert_false(machine.is_over);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 1, false, 0), STREAM_FAREWELL);
    assert_true(machine.is_over);
}

static void test_who_leaves_with_the_end_says_no_farewell(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    machine.is_leaving = true;
    assert_int_equal(stream_machine_next(&machine, 1, true, 0), STREAM_EVENT);
    assert_true(machine.is_over);
}

static void test_nothing_more_to_who_is_refused(void **state)
{
    struct stream_machine machine = fresh();
    (void)state;
    assert_int_equal(stream_machine_next(&machine, 1, false, 0), STREAM_EVENT);
    machine.is_refused = machine.is_leaving = true;
    assert_int_equal(stream_machine_next(&machine, 2, false, 0), STREAM_WAIT);
    stream_machine_take(&machine);
    assert_int_equal(stream_machine_next(&machine, 2, true, 0), STREAM_CLOSE);
    assert_true(machine.is_over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_piece_at_a_time_and_then_the_newest),
        cmocka_unit_test(test_a_comment_where_it_was_silent),
        cmocka_unit_test(test_the_last_event_is_the_end),
        cmocka_unit_test(test_the_newest_goes_before_the_farewell),
        cmocka_unit_test(test_who_leaves_with_the_end_says_no_farewell),
        cmocka_unit_test(test_nothing_more_to_who_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
