/* URLs: what is taken, and how each mistake is named without a word of what was typed. */
#include <string.h>

#include "redis/url.h"
#include "unit.h"

static void takes_urls(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
        bool tls;
        int database; /* -1: none */
        const char *username, *password;
    } cases[] = {
        {"redis://localhost", "localhost", 6379, false, -1, "", ""},
        {"REDIS://localhost/", "localhost", 6379, false, -1, "", ""},
        {"rediss://r.example.com:6380/0", "r.example.com", 6380, true, 0, "", ""},
        {"redis://10.0.0.1:1/65535", "10.0.0.1", 1, false, 65535, "", ""},
        {"redis://ann@h", "h", 6379, false, -1, "ann", ""},
        {"redis://ann:s3cret@h:7000/15", "h", 7000, false, 15, "ann", "s3cret"},
        {"redis://:s3cret@h", "h", 6379, false, -1, "", "s3cret"},
        {"redis://:a:b@h", "h", 6379, false, -1, "", "a:b"},
        {"redis://a%40b:%2f%3A%25%20@h", "h", 6379, false, -1, "a@b", "/:% "},
        {"redis://[::1]", "::1", 6379, false, -1, "", ""},
        {"redis://u:p@[2001:db8::1]:7001/3", "2001:db8::1", 7001, false, 3, "u", "p"},
        {"redis://[fe80::1%25eth0]:7", "fe80::1%eth0", 7, false, -1, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_url url;
        struct error err = {0};
        if (redis_url_parse(text_of(cases[i].text), &url, &err) < 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(url.endpoint.host, cases[i].host);
        assert_int_equal(url.endpoint.port, cases[i].port);
        assert_int_equal(url.tls, cases[i].tls);
        assert_int_equal(url.has_database ? url.database : -1, cases[i].database);
        assert_string_equal(url.username, cases[i].username);
        assert_string_equal(url.password, cases[i].password);
    }
}

#define SCHEME "it must begin with redis:// or rediss://"
#define HOST "the host is no name and no address"
#define PORT "the port must be a number from 1 to 65535"
#define DATABASE "after the '/' only a database's number, 0 to 65535, may follow"
#define ENCODING "a '%' must be followed by two hex digits"
#define UNIX "unix sockets are not supported; give host and port"
#define SENTINEL "give the sentinel's own redis:// URL and --sentinel-master"

static void names_mistakes(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", SCHEME},
        {"localhost:6379", SCHEME},
        {"http://h", SCHEME},
        {"redis:h", SCHEME},
        {"redis:/h", SCHEME},
        {" redis://h", SCHEME},
        {"unix:///run/redis.sock", UNIX},
        {"redis+unix:///run/redis.sock", UNIX},
        {"redis-socket:///run/redis.sock", UNIX},
        {"redis+sentinel://h/m", SENTINEL},
        {"redis-sentinel://h/m", SENTINEL},
        {"redis://", "the host is missing"},
        {"redis:///3", "the host is missing"},
        {"redis://:6379", "the host is missing"},
        {"redis://u:p@", "the host is missing"},
        {"redis://[]:1", "the host is missing"},
        {"redis://h h", HOST},
        {"redis://h%00", "it holds a NUL byte"},
        {"redis://a%3A1", HOST},
        {"redis://[h]", HOST},
        {"redis://::1", "an IPv6 address must stand in brackets"},
        {"redis://[::1", "the ']' after the IPv6 address is missing"},
        {"redis://[::1]6379", "after the ']' only ':' and a port may follow"},
        {"redis://[fe80::1%eth0]", ENCODING},
        {"redis://h:", PORT},
        {"redis://h:0", PORT},
        {"redis://h:06", PORT},
        {"redis://h:65536", PORT},
        {"redis://h:-1", PORT},
        {"redis://h:6379x", PORT},
        {"redis://[::1]:", PORT},
        {"redis://h/x", DATABASE},
        {"redis://h/-1", DATABASE},
        {"redis://h/01", DATABASE},
        {"redis://h/65536", DATABASE},
        {"redis://h/3/", DATABASE},
        {"redis://h//", DATABASE},
        {"redis://@h", "nothing stands before the '@'"},
        {"redis://u:@h", "the password is empty"},
        {"redis://u:p@q@h", "an '@' in the user or the password must be written %40"},
        {"redis://u:%zz@h", ENCODING},
        {"redis://u:%4@h", ENCODING},
        {"redis://u:a%00b@h", "it holds a NUL byte"},
        {"redis://h?db=3", "'?' and '#' are not taken; in a password they are %3F and %23"},
        {"redis://h/0#x", "'?' and '#' are not taken; in a password they are %3F and %23"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_url url;
        struct error err = {0};
        if (redis_url_parse(text_of(cases[i].text), &url, &err) == 0)
            fail_msg("taken: '%s'", cases[i].text);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.text + strlen("URL: "), cases[i].reason);
    }
}

/* A '/' that is not encoded ends the authority within the password. */
static void tells_and_keeps_nothing_of_a_password(void **state)
{
    static const char *const cases[] = {"redis://u:hush/hush@h",
                                        "redis://u:hush%@h:x",
                                        "redis://u:hush@h:x",
                                        "redis://u:hush@h/x",
                                        "u:hush@h",
                                        "redis://u:hush#@h"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct redis_url url;
        struct error err = {0};
        assert_int_equal(redis_url_parse(text_of(cases[i]), &url, &err), -1);
        assert_null(strstr(err.text, "hush"));
        assert_null(memmem(&url, sizeof(url), "hush", 4));
    }
}

/* Both sides of a bound: a URL whose credential has that many bytes. */
static int parse_long(const char *before, size_t length, const char *behind, struct error *err)
{
    static char text[REDIS_URL_MAX + 64];
    struct redis_url url;
    size_t start = strlen(before);
    memcpy(text, before, start);
    memset(text + start, 'x', length);
    memcpy(text + start + length, behind, strlen(behind) + 1);
    error_clear(err);
    return redis_url_parse(text_of(text), &url, err);
}

static void has_limits(void **state)
{
    struct error err = {0};
    (void)state;
    assert_int_equal(parse_long("redis://", REDIS_URL_USERNAME_MAX, "@h", &err), 0);
    assert_int_equal(parse_long("redis://", REDIS_URL_USERNAME_MAX + 1, "@h", &err), -1);
    assert_string_equal(err.text, "URL: the user is longer than 255 bytes");
    assert_int_equal(parse_long("redis://:", REDIS_URL_PASSWORD_MAX, "@h", &err), 0);
    assert_int_equal(parse_long("redis://:", REDIS_URL_PASSWORD_MAX + 1, "@h", &err), -1);
    assert_string_equal(err.text, "URL: the password is longer than 1024 bytes");
    assert_int_equal(parse_long("redis://", ENDPOINT_HOST_MAX, "", &err), 0);
    assert_int_equal(parse_long("redis://", ENDPOINT_HOST_MAX + 1, "", &err), -1);
    assert_string_equal(err.text, "URL: the host is too long");
    assert_int_equal(parse_long("redis://", REDIS_URL_MAX, "", &err), -1);
    assert_string_equal(err.text, "URL: it is longer than 8192 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls),
        cmocka_unit_test(names_mistakes),
        cmocka_unit_test(tells_and_keeps_nothing_of_a_password),
        cmocka_unit_test(has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
