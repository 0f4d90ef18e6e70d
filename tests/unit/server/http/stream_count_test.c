/* Who may have one stream more. */
#include "stream_count.h"

#include <stdio.h>

#include "unit.h"

enum { PLACES = 8 };

static struct identity identity_of(const char *project, const char *name)
{
    struct identity identity = {0};
    snprintf(identity.project.text, sizeof(identity.project.text), "%s", project);
    snprintf(identity.name, sizeof(identity.name), "%s", name);
    return identity;
}

static enum error_code enter(struct stream_count *count, const char *project, const char *name,
                             struct stream_place *place)
{
    struct error err = {0};
    const struct identity identity = identity_of(project, name);
    int status = stream_count_enter(count, &identity, place, &err);
    assert_int_equal(status < 0, err.code != ERROR_NONE);
    return err.code;
}

static void test_bounds(void **state)
{
    const struct config config = {
        .event_streams_max = 5, .event_streams_per_project_max = 3, .event_streams_per_key_max = 2};
    struct stream_count *count = stream_count_new(&config);
    struct stream_place places[PLACES];
    (void)state;
    assert_int_equal(enter(count, "p", "a", &places[0]), ERROR_NONE);
    assert_int_equal(enter(count, "p", "a", &places[1]), ERROR_NONE);
    assert_int_equal(enter(count, "p", "a", &places[2]), ERROR_THROTTLED);
    assert_int_equal(enter(count, "p", "b", &places[2]), ERROR_NONE);
    assert_int_equal(enter(count, "p", "b", &places[3]), ERROR_THROTTLED);
    assert_int_equal(enter(count, "q", "c", &places[3]), ERROR_NONE);
    assert_int_equal(enter(count, "q", "c", &places[4]), ERROR_NONE);
    assert_int_equal(enter(count, "r", "d", &places[5]), ERROR_UNAVAILABLE);
    stream_count_leave(count, &places[1]);
    assert_int_equal(enter(count, "p", "b", &places[5]), ERROR_NONE);
    assert_int_equal(enter(count, "r", "d", &places[6]), ERROR_UNAVAILABLE);
    stream_count_leave(count, &places[4]);
    assert_int_equal(enter(count, "r", "d", &places[6]), ERROR_NONE);
    stream_count_free(count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
