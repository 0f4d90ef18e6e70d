/* What a heartbeat says: arrays of equal length whose text PostgreSQL reads back as it was, and no
 * more checkpoints than it may carry. */
#include "heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const struct uuid project = {.text = "11111111-1111-4111-8111-111111111111"};
static const struct uuid task = {.text = "22222222-2222-4222-8222-222222222222"};

static void add(struct heartbeat *beat, int64_t number, const char *checkpoint)
{
    const struct heartbeat_entry entry = {.project = &project,
                                          .task = &task,
                                          .fence = number,
                                          .keys_seen = -number,
                                          .keys_total = 10 * number,
                                          .scan_ms = 100 * number,
                                          .checkpoint = checkpoint,
                                          .checkpoint_length = checkpoint ? strlen(checkpoint) : 0,
                                          .keys_per_second = number % 2 ? -1 : number,
                                          .progress = checkpoint,
                                          .progress_length = checkpoint ? strlen(checkpoint) : 0};
    heartbeat_add(beat, &entry);
}

static void test_nothing(void **state)
{
    struct heartbeat beat;
    (void)state;
    heartbeat_init(&beat);
    heartbeat_close(&beat);
    assert_int_equal(beat.count, 0);
    assert_string_equal(beat.tasks.text, "{}");
    assert_string_equal(beat.checkpoints.text, "{}");
    heartbeat_release(&beat);
}

static void test_arrays(void **state)
{
    struct heartbeat beat;
    (void)state;
    heartbeat_init(&beat);
    add(&beat, 1, NULL);
    add(&beat, INT64_C(9007199254740993), "{\"a\\\\b\":\"{},NULL\"}");
    add(&beat, 4, "");
    heartbeat_close(&beat);
    assert_int_equal(beat.count, 3);
    assert_string_equal(beat.rates.text, "{NULL,NULL,4}");
    assert_string_equal(beat.progress.text, beat.checkpoints.text);
    assert_int_equal(beat.carried, 2);
    assert_string_equal(beat.projects.text, "{11111111-1111-4111-8111-111111111111,"
                                            "11111111-1111-4111-8111-111111111111,"
                                            "11111111-1111-4111-8111-111111111111}");
    assert_string_equal(beat.fences.text, "{1,9007199254740993,4}");
    assert_string_equal(beat.keys_seen.text, "{-1,-9007199254740993,-4}");
    assert_string_equal(beat.keys_total.text, "{10,90071992547409930,40}");
    assert_string_equal(beat.scan_ms.text, "{100,900719925474099300,400}");
    assert_string_equal(beat.checkpoints.text,
                        "{NULL,\"{\\\"a\\\\\\\\b\\\":\\\"{},NULL\\\"}\",\"\"}");
    heartbeat_release(&beat);
}

static void test_room(void **state)
{
    struct heartbeat beat;
    char *long_one = malloc(HEARTBEAT_CHECKPOINTS_MAX);
    (void)state;
    assert_non_null(long_one);
    memset(long_one, 'x', HEARTBEAT_CHECKPOINTS_MAX - 1);
    long_one[HEARTBEAT_CHECKPOINTS_MAX - 1] = '\0';
    heartbeat_init(&beat);
    for (int i = 0; i < 300; i++)
        add(&beat, 1, NULL);
    assert_true(heartbeat_has_room(&beat, 2 * (size_t)HEARTBEAT_CHECKPOINTS_MAX));
    add(&beat, 1, "{}");
    assert_true(heartbeat_has_room(&beat, HEARTBEAT_CHECKPOINTS_MAX / 2));
    assert_false(heartbeat_has_room(&beat, HEARTBEAT_CHECKPOINTS_MAX));
    add(&beat, 1, long_one);
    assert_false(heartbeat_has_room(&beat, 1));
    heartbeat_release(&beat);
    free(long_one);
}

static void test_answer(void **state)
{
    static const struct pg_value values[] = {{"33333333-3333-4333-8333-333333333333", 36},
                                             {"1", 1},
                                             {"22222222-2222-4222-8222-222222222222", 36},
                                             {"2", 1}};
    const struct pg_rows rows = {.row_count = 2, .column_count = 2, .values = values};
    (void)state;
    assert_true(heartbeat_answer_has(&rows, &task, 2));
    assert_false(heartbeat_answer_has(&rows, &task, 1));
    assert_false(heartbeat_answer_has(&rows, &project, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
