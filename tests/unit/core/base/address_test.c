/* Addresses and networks: what is taken, what is refused, and what lies in what. */
#include "base/address.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

static struct address address(const char *text)
{
    struct address parsed;
    if (address_parse(text_of(text), &parsed) < 0)
        fail_msg("refused: '%s'", text);
    return parsed;
}

static void takes_addresses(void **state)
{
    static const struct {
        const char *text, *written;
        bool is_v4;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"0.0.0.0", "0.0.0.0", true},
        {"255.255.255.255", "255.255.255.255", true},
        {"::1", "::1", false},
        {"::", "::", false},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", false},
        {"::ffff:10.1.2.3", "10.1.2.3", true},
        {"::ffff:a01:203", "10.1.2.3", true},
        {"fe80::1", "fe80::1", false},
        {"2001:db8:1111:2222:3333:4444:255.255.255.255", "2001:db8:1111:2222:3333:4444:ffff:ffff",
         false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address parsed = address(cases[i].text);
        char text[ADDRESS_TEXT_MAX + 1];
        address_format(&parsed, text);
        assert_string_equal(text, cases[i].written);
        assert_int_equal(address_is_v4(&parsed), cases[i].is_v4);
    }
}

static void refuses_what_is_no_address(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:80",
        "0x7f.0.0.1",
        "[::1]",
        "::1%lo",
        "fe80::1%eth0",
        ":::",
        "1::2::3",
        "localhost",
        "unknown",
        "12345::",
        "1.2.3.4/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address parsed;
        if (address_parse(text_of(cases[i]), &parsed) == 0)
            fail_msg("taken: '%s'", cases[i]);
    }
    struct address parsed;
    assert_int_equal(address_parse(TEXT("1.2.3.4\0x"), &parsed), -1);
}

static void reads_sockets(void **state)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010203)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct address expected = address("10.1.2.3"), found;
    (void)state;
    assert_int_equal(address_of_socket((struct sockaddr *)&v4, &found), 0);
    assert_true(address_equals(&found, &expected));
    expected = address("::1");
    assert_int_equal(address_of_socket((struct sockaddr *)&v6, &found), 0);
    assert_true(address_equals(&found, &expected));
    assert_int_equal(address_of_socket(&other, &found), -1);
}

static void tells_clients_apart(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.4", false},
        {"10.1.2.3", "::ffff:10.1.2.3", true},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::1", "::2", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address a = address(cases[i].a), b = address(cases[i].b);
        a = address_site(&a);
        b = address_site(&b);
        assert_int_equal(address_equals(&a, &b), cases[i].same);
    }
}

static void networks_contain(void **state)
{
    static const struct {
        const char *network, *address;
        bool contains;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"10.0.0.0/8", "a00::1", false},
        {"192.168.4.0/22", "192.168.7.255", true},
        {"192.168.4.0/22", "192.168.8.0", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1/32", "127.0.0.1", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", true},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::1/128", "::2", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct network network;
        struct address inside = address(cases[i].address);
        if (network_parse(text_of(cases[i].network), &network) < 0)
            fail_msg("refused: '%s'", cases[i].network);
        if (network_contains(&network, &inside) != cases[i].contains)
            fail_msg("%s in %s", cases[i].address, cases[i].network);
    }
}

static void refuses_what_is_no_network(void **state)
{
    static const char *const cases[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.1/8",
        "10.1.0.0/15",
        "::/129",
        "::1/64",
        "10.0.0.0/8 ",
        "10/8",
        "[fd00::]/8",
        "10.0.0.0/255.0.0.0",
        "host/8",
        "10.0.0.0/0x8",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct network network;
        if (network_parse(text_of(cases[i]), &network) == 0)
            fail_msg("taken: '%s'", cases[i]);
    }
}

static void lists_are_searched(void **state)
{
    struct network_list list;
    struct error err = {0};
    struct address first = address("10.1.1.1"), second = address("fd00::5"),
                   none = address("9.9.9.9");
    (void)state;
    assert_int_equal(network_list_parse(TEXT("10.0.0.0/8 , fd00::/8,127.0.0.1"), &list, &err), 0);
    assert_int_equal(list.count, 3);
    assert_true(network_list_contains(&list, &first));
    assert_true(network_list_contains(&list, &second));
    assert_false(network_list_contains(&list, &none));
    network_list_release(&list);
    assert_int_equal(network_list_parse(TEXT(" "), &list, &err), 0);
    assert_false(network_list_contains(&list, &first));
    network_list_release(&list);
}

static void lists_name_the_bad_entry(void **state)
{
    static const char *const cases[] = {"10.0.0.0/8,", ",10.0.0.0/8", "10.0.0.0/8,,::1",
                                        "10.0.0.0/8 ::1", "10.0.0.0/8,nonsense"};
    struct network_list list;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        if (network_list_parse(text_of(cases[i]), &list, &err) == 0)
            fail_msg("taken: '%s'", cases[i]);
        assert_int_equal(err.code, ERROR_CONFIG);
    }
    struct error err = {0};
    assert_int_equal(network_list_parse(TEXT("::1,nonsense"), &list, &err), -1);
    assert_non_null(strstr(err.text, "'nonsense'"));
}

static void lists_are_bounded(void **state)
{
    static char text[(NETWORK_LIST_MAX + 1) * 4];
    struct network_list list;
    struct error err = {0};
    (void)state;
    for (int i = 0; i < NETWORK_LIST_MAX; i++)
        memcpy(text + i * 4, "::1,", 4);
    text[NETWORK_LIST_MAX * 4 - 1] = '\0';
    assert_int_equal(network_list_parse(text_of(text), &list, &err), 0);
    network_list_release(&list);
    memcpy(text + NETWORK_LIST_MAX * 4 - 1, ",::1", 5);
    assert_int_equal(network_list_parse(text_of(text), &list, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_addresses),    cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(reads_sockets),      cmocka_unit_test(tells_clients_apart),
        cmocka_unit_test(networks_contain),   cmocka_unit_test(refuses_what_is_no_network),
        cmocka_unit_test(lists_are_searched), cmocka_unit_test(lists_name_the_bad_entry),
        cmocka_unit_test(lists_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
