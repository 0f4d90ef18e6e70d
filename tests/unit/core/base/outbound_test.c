/* Policies: what a list allows and denies, what no list can, and what is the program's own. */
#include "base/outbound.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "unit.h"

#define NAME "some_networks"

static struct outbound *policy(const char *allowed, const char *denied)
{
    const struct outbound_settings settings = {NAME, allowed, denied};
    struct outbound *outbound = NULL;
    struct error err = {0};
    if (outbound_new(&settings, &outbound, &err) < 0)
        fail_msg("'%s' '%s': %s", allowed, denied, err.text);
    return outbound;
}

/* An empty reason: it is allowed. */
static void check(struct outbound *outbound, const char *text, int port, const char *reason)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct error err = {0};
    bool is_v6 = strchr(text, ':') != NULL;
    assert_int_equal(is_v6 ? inet_pton(AF_INET6, text, &v6.sin6_addr)
                           : inet_pton(AF_INET, text, &v4.sin_addr),
                     1);
    int status = outbound_check(
        outbound, is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4, &err);
    if ((status == 0) != !*reason || !strstr(err.text, reason))
        fail_msg("%s:%d: '%s', not '%s'", text, port, err.text, reason);
    assert_int_equal(err.code, *reason ? ERROR_OUTBOUND_FORBIDDEN : ERROR_NONE);
}

static void without_lists(void **state)
{
    struct outbound *outbound = policy("", NULL);
    (void)state;
    check(outbound, "10.0.0.1", 6379, "");
    check(outbound, "8.8.8.8", 1, "");
    check(outbound, "2001:db8::1", 6379, "");
    check(outbound, "64:ff9b::10.0.0.1", 6379, "");
    check(outbound, "127.0.0.1", 6379,
          "127.0.0.1:6379 must not be dialled: it is loopback (RFC 1122), and not listed as that "
          "in " NAME);
    check(outbound, "::1", 6379, "[::1]:6379 must not be dialled: it is loopback");
    check(outbound, "::ffff:127.0.0.1", 6379, "127.0.0.1:6379 must not be dialled: it is loopback");
    check(outbound, "64:ff9b::127.0.0.1", 6379, "127.0.0.1:6379 must not");
    check(outbound, "2002:7f00:1::", 6379, "loopback");
    check(outbound, "240.0.0.1", 6379, "reserved");
    check(outbound, "169.254.169.254", 80, "it is link-local (RFC 3927)");
    check(outbound, "::ffff:0:169.254.169.254", 80, "link-local");
    check(outbound, "2001:0:a00:1::5601:5601", 80, "link-local");
    check(outbound, "0.0.0.0", 80, "this network");
    outbound_free(outbound);
}

static void lists_count_with_their_ports(void **state)
{
    struct outbound *outbound =
        policy(" 10.0.0.0/8:6379 , 10.1.0.0/16:7000-7005,[fd00::1]:6379,fd01::/16,192.168.1.1,"
               "fd02::2",
               "10.6.0.0/16,192.168.1.1:22-22");
    (void)state;
    check(outbound, "10.0.0.1", 6379, "");
    check(outbound, "10.0.0.1", 6380, "it is not in " NAME);
    check(outbound, "10.1.0.1", 7000, "");
    check(outbound, "10.1.0.1", 7005, "");
    check(outbound, "10.1.0.1", 6999, "it is not in " NAME);
    check(outbound, "10.1.0.1", 7006, "it is not in " NAME);
    check(outbound, "11.0.0.1", 6379, "it is not in " NAME);
    check(outbound, "10.6.1.1", 6379, "it is in " NAME "_denied");
    check(outbound, "::ffff:10.0.0.1", 6379, "");
    check(outbound, "64:ff9b::10.0.0.1", 6379, "it is not in " NAME);
    check(outbound, "fd00::1", 6379, "");
    check(outbound, "fd00::1", 6380, "it is not in");
    check(outbound, "fd01:2::3", 65535, "");
    check(outbound, "fd02::2", 1, "");
    check(outbound, "192.168.1.1", 1, "");
    check(outbound, "192.168.1.1", 22, "it is in " NAME "_denied");
    check(outbound, "127.0.0.1", 6379, "loopback");
    outbound_free(outbound);
}

/* What is denied is so by any detour, and what leads elsewhere must be listed itself. */
static void ipv6_that_leads_to_ipv4(void **state)
{
    struct outbound *outbound = policy("64:ff9b::/96,2002::/16,10.0.0.0/8", "10.6.0.0/16");
    (void)state;
    check(outbound, "64:ff9b::10.0.0.1", 6379, "");
    check(outbound, "64:ff9b::10.6.0.1", 6379, "10.6.0.1:6379 must not be dialled: it is in");
    check(outbound, "2002:a06:1::", 6379, "in " NAME "_denied");
    check(outbound, "64:ff9b::8.8.8.8", 6379, "");
    check(outbound, "8.8.8.8", 6379, "it is not in");
    check(outbound, "64:ff9b::127.0.0.1", 6379, "loopback");
    check(outbound, "64:ff9b::169.254.169.254", 6379, "link-local");
    outbound_free(outbound);
}

static void loopback_is_listed_by_itself(void **state)
{
    struct outbound *all = policy("0.0.0.0/0,::/0", "");
    struct outbound *some = policy("127.0.0.1:6379,240.0.0.0/4", "");
    struct outbound *anywhere = outbound_new_anywhere();
    (void)state;
    check(all, "127.0.0.1", 6379, "loopback");
    check(all, "::1", 6379, "loopback");
    check(all, "240.0.0.1", 6379, "reserved");
    check(all, "10.0.0.1", 6379, "");
    check(all, "2001:db8::1", 6379, "");
    check(some, "127.0.0.1", 6379, "");
    check(some, "::ffff:127.0.0.1", 6379, "");
    check(some, "127.0.0.1", 6380, "loopback");
    check(some, "127.0.0.2", 6379, "loopback");
    check(some, "240.0.0.1", 6379, "");
    check(some, "255.255.255.255", 6379, "broadcast");
    check(some, "10.0.0.1", 6379, "it is not in");
    check(anywhere, "127.0.0.1", 1, "");
    check(anywhere, "::1", 1, "");
    check(anywhere, "10.0.0.1", 1, "");
    check(anywhere, "240.0.0.1", 1, "reserved");
    check(anywhere, "169.254.169.254", 1, "link-local");
    check(anywhere, "fe80::1", 1, "link-local");
    outbound_free(all);
    outbound_free(some);
    outbound_free(anywhere);
}

static struct outbound_place place(const char *text, int port, const char *what)
{
    struct outbound_place place = {.port = port, .what = what};
    assert_int_equal(address_parse(text_of(text), &place.address), 0);
    return place;
}

/* An address of this machine beside loopback, or null. */
static const char *own_address(char ret_text[INET_ADDRSTRLEN])
{
    struct ifaddrs *interfaces;
    const char *found = NULL;
    assert_int_equal(getifaddrs(&interfaces), 0);
    for (const struct ifaddrs *i = interfaces; i && !found; i = i->ifa_next) {
        const struct sockaddr_in *v4 = (const void *)i->ifa_addr;
        if (v4 && v4->sin_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 != 127)
            found = inet_ntop(AF_INET, &v4->sin_addr, ret_text, INET_ADDRSTRLEN);
    }
    freeifaddrs(interfaces);
    return found;
}

static void own_places(void **state)
{
    struct outbound *outbound = policy("0.0.0.0/0,::/0,127.0.0.0/8,::1", "");
    char text[INET_ADDRSTRLEN];
    const char *own = own_address(text);
    const struct outbound_place places[] = {
        place("198.51.100.7", 5432, "the database"),
        place("2001:db8::7", 5432, "the database"),
        place("0.0.0.0", 8443, "the service"),
        place("::1", 9000, "the service"),
    };
    (void)state;
    check(outbound, "198.51.100.7", 5432, "");
    outbound_set_own(outbound, places, COUNT_OF(places));
    check(outbound, "198.51.100.7", 5432,
          "198.51.100.7:5432 must not be dialled: it is the database");
    check(outbound, "::ffff:198.51.100.7", 5432, "it is the database");
    check(outbound, "64:ff9b::198.51.100.7", 5432, "it is the database");
    check(outbound, "2002:c633:6407::1", 5432, "it is the database");
    check(outbound, "2001:db8::7", 5432, "it is the database");
    check(outbound, "198.51.100.7", 5433, "");
    check(outbound, "198.51.100.8", 5432, "");
    check(outbound, "127.0.0.1", 8443, "it is the service");
    check(outbound, "127.9.9.9", 8443, "it is the service");
    check(outbound, "::1", 8443, "it is the service");
    check(outbound, "127.0.0.1", 9000, "it is the service");
    check(outbound, "127.0.0.1", 8444, "");
    check(outbound, "198.51.100.7", 8443, "");
    if (own) {
        check(outbound, own, 8443, "it is the service");
        check(outbound, own, 9000, "it is the service");
        check(outbound, own, 8444, "");
    }
    outbound_set_own(outbound, places, 1);
    check(outbound, "127.0.0.1", 8443, "");
    check(outbound, "2001:db8::7", 5432, "");
    outbound_free(outbound);
}

static void malformed_lists(void **state)
{
    static const char *const wrong[] = {
        "10.0.0.0/8:",
        "10.0.0.0/8:0",
        "10.0.0.0/8:65536",
        "10.0.0.0/8:2-1",
        "10.0.0.0/8:1-",
        "10.0.0.0/8:-1",
        "10.0.0.0/8:01",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/8,",
        ",",
        "redis.example",
        "redis.example:6379",
        "[10.0.0.1]:6379",
        "[::1",
        "::1]:1",
        "10.0.0.0/8 10.1.1.1",
        "10.0.0.0/8:1:2",
        "[::1]1",
        "[]:1",
        "/8",
        "127.1",
        ":6379",
        "[::1%lo]:1",
    };
    static const char *const never[] = {"169.254.0.0/16", "169.254.169.254:80", "fe80::/10",
                                        "fd00:ec2::254",  "224.0.0.0/8",        "0.0.0.0",
                                        "::/96"};
    static char many[OUTBOUND_RULES_MAX * 8 + 16];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct outbound *outbound = NULL;
        struct error err = {0};
        if (outbound_new(&(struct outbound_settings){NAME, wrong[i], ""}, &outbound, &err) == 0)
            fail_msg("'%s' is taken", wrong[i]);
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_non_null(strstr(err.text, NAME ": '"));
        err = (struct error){0};
        assert_int_equal(
            outbound_new(&(struct outbound_settings){NAME, "", wrong[i]}, &outbound, &err), -1);
        assert_non_null(strstr(err.text, NAME "_denied: '"));
    }
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        struct outbound *outbound = NULL;
        struct error err = {0};
        assert_int_equal(
            outbound_new(&(struct outbound_settings){NAME, never[i], ""}, &outbound, &err), -1);
        assert_non_null(strstr(err.text, "which is never allowed"));
        outbound_free(policy("", never[i]));
    }
    for (int i = 0; i <= OUTBOUND_RULES_MAX; i++)
        memcpy(many + (size_t)i * 8, "1.1.1.1,", 8);
    struct outbound *outbound = NULL;
    struct error err = {0};
    assert_int_equal(outbound_new(&(struct outbound_settings){NAME, many, ""}, &outbound, &err),
                     -1);
    assert_non_null(strstr(err.text, "more than 256 networks"));
}

static void other_families(void **state)
{
    struct outbound *outbound = outbound_new_anywhere();
    struct sockaddr unix_domain = {.sa_family = AF_UNIX};
    struct error err = {0};
    (void)state;
    assert_int_equal(outbound_check(outbound, &unix_domain, &err), -1);
    assert_int_equal(err.code, ERROR_OUTBOUND_FORBIDDEN);
    outbound_free(outbound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lists),
        cmocka_unit_test(lists_count_with_their_ports),
        cmocka_unit_test(ipv6_that_leads_to_ipv4),
        cmocka_unit_test(loopback_is_listed_by_itself),
        cmocka_unit_test(own_places),
        cmocka_unit_test(malformed_lists),
        cmocka_unit_test(other_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
