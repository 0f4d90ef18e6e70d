/* Ticket keys: who seals when, and until when what was sealed opens. */
#include "ticket_keys.h"

#include <string.h>

#include "unit.h"

enum { HOUR = TICKET_KEY_SECONDS };

static bool opens(struct ticket_keys *keys, int64_t now_s, const struct ticket_key *key,
                  bool *ret_is_current)
{
    struct ticket_key found;
    if (!ticket_keys_find(keys, now_s, key->name, &found, ret_is_current))
        return false;
    assert_memory_equal(found.cipher, key->cipher, TICKET_KEY_LENGTH);
    assert_memory_equal(found.mac, key->mac, TICKET_KEY_LENGTH);
    return true;
}

static void turns_over(void **state)
{
    struct ticket_keys *keys = ticket_keys_new();
    struct ticket_key first, same, second;
    bool is_current;
    (void)state;
    ticket_keys_current(keys, 100, &first);
    ticket_keys_current(keys, 100 + HOUR - 1, &same);
    assert_memory_equal(&first, &same, sizeof(first));
    assert_true(opens(keys, 100 + HOUR - 1, &first, &is_current));
    assert_true(is_current);

    ticket_keys_current(keys, 100 + HOUR, &second);
    assert_memory_not_equal(first.name, second.name, TICKET_KEY_NAME_LENGTH);
    assert_memory_not_equal(first.cipher, second.cipher, TICKET_KEY_LENGTH);
    assert_memory_not_equal(first.mac, second.mac, TICKET_KEY_LENGTH);
    assert_true(opens(keys, 100 + HOUR, &second, &is_current));
    assert_true(is_current);
    assert_true(opens(keys, 100 + 2 * HOUR - 1, &first, &is_current));
    assert_false(is_current);
    assert_false(opens(keys, 100 + 2 * HOUR, &first, &is_current));
    assert_true(opens(keys, 100 + 2 * HOUR, &second, &is_current));
    assert_false(is_current);
    ticket_keys_free(keys);
}

static void forgets_what_nobody_used(void **state)
{
    struct ticket_keys *keys = ticket_keys_new();
    struct ticket_key first;
    bool is_current;
    (void)state;
    ticket_keys_current(keys, 0, &first);
    assert_false(opens(keys, 2 * HOUR, &first, &is_current));
    ticket_keys_free(keys);
}

static void knows_no_strangers(void **state)
{
    struct ticket_keys *keys = ticket_keys_new();
    struct ticket_key stranger = {0};
    bool is_current;
    (void)state;
    assert_false(opens(keys, 0, &stranger, &is_current));
    ticket_keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_over),
        cmocka_unit_test(forgets_what_nobody_used),
        cmocka_unit_test(knows_no_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
