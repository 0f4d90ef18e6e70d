/* Access keys: their form, and that no two are alike. */
#include "model/access_key.h"

#include <stdbool.h>
#include <string.h>

#include "unit.h"

static void test_form(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";
    enum { UPPER_CASE = 36 };
    char upper_case[UPPER_CASE + 1] = "";
    bool seen[256] = {false};
    struct access_key_pair last = {0};
    (void)state;
    memcpy(upper_case, letters, UPPER_CASE);
    for (int i = 0; i < 200; i++) {
        struct access_key_pair pair;
        access_key_generate(i % 2 == 0, &pair);
        assert_int_equal(strlen(pair.id), ACCESS_KEY_ID_LENGTH);
        assert_int_equal(strlen(pair.secret), ACCESS_KEY_SECRET_LENGTH);
        assert_int_equal(strspn(pair.id, upper_case), ACCESS_KEY_ID_LENGTH);
        assert_int_equal(strspn(pair.secret, letters), ACCESS_KEY_SECRET_LENGTH);
        assert_int_equal(strlen(pair.token), i % 2 == 0 ? ACCESS_KEY_TOKEN_LENGTH : 0);
        assert_int_equal(strspn(pair.token, letters), strlen(pair.token));
        assert_string_not_equal(pair.token, last.token);
        assert_string_not_equal(pair.id, last.id);
        assert_string_not_equal(pair.secret, last.secret);
        for (const char *c = pair.secret; *c; c++)
            seen[(unsigned char)*c] = true;
        last = pair;
    }
    /* 8000 letters: that one of 62 is missing happens once in 10^54. */
    for (const char *c = letters; *c; c++)
        assert_true(seen[(unsigned char)*c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_form)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
