/* The client behind trusted proxies, and nobody else where a client makes things up. */
#include "client_address.h"

#include "unit.h"

enum { HEADERS_MAX = 3 };

static void finds(void **state)
{
    static const struct {
        const char *peer, *headers[HEADERS_MAX], *client;
    } cases[] = {
        /* Nobody is trusted but 10.0.0.0/8 and fd00::/8. */
        {"203.0.113.9", {0}, "203.0.113.9"},
        {"203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},
        {"10.0.0.1", {0}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
        {"fd00::1", {"198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"1.1.1.1,198.51.100.1,10.0.0.2 , 10.0.0.3"}, "198.51.100.1"},
        {"10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
        {"10.0.0.1", {"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"1.1.1.1, 198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1:443"}, "198.51.100.1"},
        {"10.0.0.1", {"[2001:db8::1]:443"}, "2001:db8::1"},
        {"10.0.0.1", {"[2001:db8::1]"}, "2001:db8::1"},
        {"10.0.0.1", {"2001:db8::1"}, "2001:db8::1"},
        {"10.0.0.1", {"::ffff:10.0.0.2, ::ffff:10.0.0.3"}, "10.0.0.2"},
        {"10.0.0.1", {"1.1.1.1, unknown"}, "10.0.0.1"},
        {"10.0.0.1", {"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
        {"10.0.0.1", {"1.1.1.1,"}, "10.0.0.1"},
        {"10.0.0.1", {"1.1.1.1, , 10.0.0.2"}, "10.0.0.2"},
        {"10.0.0.1", {""}, "10.0.0.1"},
        {"10.0.0.1", {"[198.51.100.1"}, "10.0.0.1"},
        {"10.0.0.1", {"[]"}, "10.0.0.1"},
        {"10.0.0.1", {"[2001:db8::1]x"}, "10.0.0.1"},
        {"10.0.0.1", {":80"}, "10.0.0.1"},
    };
    struct network_list trusted;
    struct error err = {0};
    (void)state;
    assert_int_equal(network_list_parse(TEXT("10.0.0.0/8,fd00::/8"), &trusted, &err), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct auth_header headers[HEADERS_MAX + 1] = {{TEXT("host"), TEXT("10.9.9.9")}};
        size_t count = 1;
        struct address peer;
        char text[ADDRESS_TEXT_MAX + 1];
        for (; count <= HEADERS_MAX && cases[i].headers[count - 1]; count++)
            headers[count] =
                (struct auth_header){TEXT("X-Forwarded-For"), text_of(cases[i].headers[count - 1])};
        assert_int_equal(address_parse(text_of(cases[i].peer), &peer), 0);
        struct address client = client_address_find(&peer, &trusted, headers, count);
        address_format(&client, text);
        if (!text_equals(text_of(text), text_of(cases[i].client)))
            fail_msg("case %zu: %s, not %s", i, text, cases[i].client);
    }
    network_list_release(&trusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
