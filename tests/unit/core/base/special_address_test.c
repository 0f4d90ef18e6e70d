/* What addresses are by themselves, in every form that a host may be written in. */
#include "base/special_address.h"

#include <string.h>

#include "unit.h"

static struct address address_of(const char *text)
{
    struct address address;
    if (address_parse(text_of(text), &address) < 0)
        fail_msg("%s is no address", text);
    return address;
}

/* The first and the last of each network, and what is next to it. */
static const struct {
    const char *address;
    enum address_standing standing;
} standings[] = {
    {"0.0.0.0", ADDRESS_NEVER},
    {"0.255.255.255", ADDRESS_NEVER},
    {"1.0.0.0", ADDRESS_USUAL},
    {"10.0.0.1", ADDRESS_USUAL},
    {"100.100.100.199", ADDRESS_USUAL},
    {"100.100.100.200", ADDRESS_NEVER},
    {"100.100.100.201", ADDRESS_USUAL},
    {"126.255.255.255", ADDRESS_USUAL},
    {"127.0.0.0", ADDRESS_LOOPBACK},
    {"127.255.255.255", ADDRESS_LOOPBACK},
    {"128.0.0.0", ADDRESS_USUAL},
    {"168.63.129.16", ADDRESS_NEVER},
    {"168.63.129.17", ADDRESS_USUAL},
    {"169.253.255.255", ADDRESS_USUAL},
    {"169.254.0.0", ADDRESS_NEVER},
    {"169.254.169.254", ADDRESS_NEVER},
    {"169.254.255.255", ADDRESS_NEVER},
    {"169.255.0.0", ADDRESS_USUAL},
    {"172.16.0.1", ADDRESS_USUAL},
    {"191.255.255.255", ADDRESS_USUAL},
    {"192.0.0.0", ADDRESS_NEVER},
    {"192.0.0.192", ADDRESS_NEVER},
    {"192.0.0.255", ADDRESS_NEVER},
    {"192.0.1.0", ADDRESS_USUAL},
    {"192.168.1.1", ADDRESS_USUAL},
    {"223.255.255.255", ADDRESS_USUAL},
    {"224.0.0.0", ADDRESS_NEVER},
    {"239.255.255.255", ADDRESS_NEVER},
    {"240.0.0.0", ADDRESS_RESERVED},
    {"255.255.255.254", ADDRESS_RESERVED},
    {"255.255.255.255", ADDRESS_NEVER},
    {"::", ADDRESS_NEVER},
    {"::1", ADDRESS_LOOPBACK},
    {"::2", ADDRESS_NEVER},
    {"::127.0.0.1", ADDRESS_NEVER},
    {"::1:0:0", ADDRESS_USUAL},
    {"64:ff9b:1::1", ADDRESS_NEVER},
    {"64:ff9b:2::1", ADDRESS_USUAL},
    {"2001:db8::1", ADDRESS_USUAL},
    {"fc00::1", ADDRESS_USUAL},
    {"fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_USUAL},
    {"fd00:ec2::", ADDRESS_NEVER},
    {"fd00:ec2::254", ADDRESS_NEVER},
    {"fd00:ec3::", ADDRESS_USUAL},
    {"fd20:ce::254", ADDRESS_NEVER},
    {"fd20:ce::255", ADDRESS_USUAL},
    {"fd00:c1::a9fe:a9fe", ADDRESS_NEVER},
    {"fd00:42::42", ADDRESS_NEVER},
    {"fd00:a9fe:a9fe::1", ADDRESS_NEVER},
    {"fd00:100::100:200", ADDRESS_NEVER},
    {"fe7f:ffff::1", ADDRESS_USUAL},
    {"fe80::", ADDRESS_NEVER},
    {"febf:ffff::1", ADDRESS_NEVER},
    {"fec0::1", ADDRESS_NEVER},
    {"feff:ffff::1", ADDRESS_NEVER},
    {"ff00::", ADDRESS_NEVER},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_NEVER},
    {"::ffff:10.0.0.1", ADDRESS_USUAL},
    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
    {"::ffff:169.254.169.254", ADDRESS_NEVER},
};

static void networks_end_where_they_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(standings); i++) {
        struct address address = address_of(standings[i].address);
        if (special_address_find(&address).standing != standings[i].standing)
            fail_msg("%s: %s", standings[i].address, special_address_find(&address).what);
    }
}

static void finds_what_ipv6_leads_to(void **state)
{
    static const struct {
        const char *address, *first, *second;
    } cases[] = {
        {"64:ff9b::169.254.169.254", "169.254.169.254", NULL},
        {"2002:a9fe:a9fe::1", "169.254.169.254", NULL},
        {"2002:7f00:1:ffff:ffff:ffff:ffff:ffff", "127.0.0.1", NULL},
        {"2001:0:a9fe:a9fe::5601:5601", "169.254.169.254", "169.254.169.254"},
        {"2001::80ff:fffe", "0.0.0.0", "127.0.0.1"},
        {"2001:1::1", NULL, NULL},
        {"2001:db8::5efe:127.0.0.1", "127.0.0.1", NULL},
        {"2001:db8::200:5efe:127.0.0.1", "127.0.0.1", NULL},
        {"::ffff:0:127.0.0.1", "127.0.0.1", NULL},
        {"::ffff:127.0.0.1", NULL, NULL},
        {"10.0.0.1", NULL, NULL},
        {"2001:db8::1", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address address = address_of(cases[i].address), found[ADDRESS_EMBEDDED_MAX];
        const char *const expected[] = {cases[i].first, cases[i].second};
        int count = special_address_embedded(&address, found);
        assert_int_equal(count, (cases[i].first != NULL) + (cases[i].second != NULL));
        for (int j = 0; j < count; j++) {
            struct address one = address_of(expected[j]);
            if (!address_equals(&found[j], &one))
                fail_msg("%s: not %s", cases[i].address, expected[j]);
        }
    }
}

static void reads_hosts_as_the_resolver_does(void **state)
{
    static const char *const hosts[][2] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.1", "127.0.0.1"},
        {"127.0.1", "127.0.0.1"},
        {"2130706433", "127.0.0.1"},
        {"0x7f000001", "127.0.0.1"},
        {"0X7F.0.0.1", "127.0.0.1"},
        {"017700000001", "127.0.0.1"},
        {"0177.0.0.01", "127.0.0.1"},
        {"127.0.0.1.", "127.0.0.1"},
        {"0", "0.0.0.0"},
        {"0xa9fea9fe", "169.254.169.254"},
        {"169.254.43518", "169.254.169.254"},
        {"::1", "::1"},
        {"::FFFF:7F00:1", "127.0.0.1"},
        {"fe80::1%no-such-interface", "fe80::1"},
    };
    static const char *const names[] = {"localhost",
                                        "redis.example",
                                        "127.0.0.1.example",
                                        "256.1.1.1.",
                                        "1.2.3.4.5",
                                        "",
                                        ".",
                                        "%",
                                        "::g",
                                        "0x",
                                        "not an address"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct address found, expected = address_of(hosts[i][1]);
        if (!special_address_of_host(hosts[i][0], &found) || !address_equals(&found, &expected))
            fail_msg("%s is not %s", hosts[i][0], hosts[i][1]);
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct address found;
        if (special_address_of_host(names[i], &found))
            fail_msg("%s is an address", names[i]);
    }
}

static void refuses_what_no_policy_allows(void **state)
{
    static const char *const refused[] = {"169.254.169.254",
                                          "0xa9fea9fe",
                                          "2852039166",
                                          "0",
                                          "224.1",
                                          "::",
                                          "fe80::1%eth0",
                                          "::ffff:169.254.1.1",
                                          "64:ff9b::a9fe:a9fe",
                                          "2002:a9fe:a9fe::",
                                          "ff02::1"};
    static const char *const accepted[] = {
        "127.0.0.1", "::1", "10.0.0.1", "fd12::1", "redis.example", "64:ff9b::a00:1", "240.0.0.1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (!special_address_refusal(refused[i]))
            fail_msg("%s is accepted", refused[i]);
    }
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        if (special_address_refusal(accepted[i]))
            fail_msg("%s is refused", accepted[i]);
    }
    assert_string_equal(special_address_refusal("169.254.169.254"), "link-local (RFC 3927)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_end_where_they_end),
        cmocka_unit_test(finds_what_ipv6_leads_to),
        cmocka_unit_test(reads_hosts_as_the_resolver_does),
        cmocka_unit_test(refuses_what_no_policy_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
