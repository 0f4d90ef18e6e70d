/* Bytes a second, by a clock of the test's own. */
#include "rate.h"

#include "unit.h"

enum { S = 1000000 };

/* Takes all that is allowed, in pieces of at most `piece`, and waits as it is told to. */
static int64_t read_for(int64_t per_second, int64_t seconds, int64_t piece)
{
    struct rate rate;
    int64_t now = 12345, end = now + seconds * S, sum = 0;
    rate_init(&rate, now);
    while (now < end) {
        int64_t wait = 0, allowed = rate_allow(&rate, per_second, now, &wait);
        if (allowed == 0) {
            assert_true(wait > 0 && wait <= S + 1);
            now += wait;
            continue;
        }
        int64_t taken = allowed < piece ? allowed : piece;
        rate_take(&rate, taken);
        sum += taken;
    }
    return sum;
}

static void test_no_more_and_no_less(void **state)
{
    static const int64_t rates[] = {1, 7, 999, 16384, 1000000, 67108864, 1000000000000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        int64_t most = rates[i] * 20 + rates[i] / RATE_BURST_PARTS + 1;
        int64_t piece = rates[i] > 100000000 ? rates[i] : 4096;
        int64_t sum = read_for(rates[i], 20, piece);
        if (sum > most || sum < rates[i] * 19)
            fail_msg("%lld bytes at %lld a second", (long long)sum, (long long)rates[i]);
    }
}

static void test_idle_time_is_not_saved_up(void **state)
{
    struct rate rate;
    int64_t wait;
    (void)state;
    rate_init(&rate, 0);
    assert_int_equal(rate_allow(&rate, 1000000, 3600LL * S, &wait), 100000);
    rate_take(&rate, 100000);
    assert_int_equal(rate_allow(&rate, 1000000, 3600LL * S, &wait), 0);
    assert_in_range(wait, 16384, 16386);
}

static void test_a_new_rate_counts_at_once(void **state)
{
    struct rate rate;
    int64_t wait;
    (void)state;
    rate_init(&rate, 0);
    assert_int_equal(rate_allow(&rate, 1000000, S / 20, &wait), 50000);
    assert_int_equal(rate_allow(&rate, 1000, S / 20, &wait), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_and_no_less),
        cmocka_unit_test(test_idle_time_is_not_saved_up),
        cmocka_unit_test(test_a_new_rate_counts_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
