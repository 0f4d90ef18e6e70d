/* The parts are cut apart before anything is decoded, so that an encoded delimiter delimits
 * nothing. */
#include "redis/url.h"

#include <string.h>

#include "base/secret.h"

struct parts {
    struct text user, password, host, port, path;
    bool has_userinfo, has_password, has_port, bracketed;
};

static int refuse(struct error *err, const char *reason)
{
    return error_set(err, ERROR_INVALID_PARAMETER, "URL: %s", reason);
}

static bool begins(struct text text, struct text beginning)
{
    return text.length >= beginning.length &&
           text_equals_ignoring_case((struct text){text.bytes, beginning.length}, beginning);
}

static struct text after(struct text text, size_t count)
{
    return (struct text){text.bytes + count, text.length - count};
}

/* Where the first one of the characters is, or the length. */
static size_t find_any(struct text text, const char *characters)
{
    size_t i = 0;
    while (i < text.length && (text.bytes[i] == '\0' || !strchr(characters, text.bytes[i])))
        i++;
    return i;
}

static int take_scheme(struct text *rest, bool *ret_tls, struct error *err)
{
    static const struct {
        const char *scheme;
        const char *refusal;
        bool tls;
    } schemes[] = {
        {"redis://", NULL, false},
        {"rediss://", NULL, true},
        {"unix:", "unix sockets are not supported; give host and port", false},
        {"redis+unix:", "unix sockets are not supported; give host and port", false},
        {"redis-socket:", "unix sockets are not supported; give host and port", false},
        {"redis+sentinel:", "give the sentinel's own redis:// URL and --sentinel-master", false},
        {"redis-sentinel:", "give the sentinel's own redis:// URL and --sentinel-master", false},
    };
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!begins(*rest, text_of(schemes[i].scheme)))
            continue;
        if (schemes[i].refusal)
            return refuse(err, schemes[i].refusal);
        *rest = after(*rest, strlen(schemes[i].scheme));
        *ret_tls = schemes[i].tls;
        return 0;
    }
    return refuse(err, "it must begin with redis:// or rediss://");
}

/* What is before the last `@`: `user`, `user:password` or `:password`. */
static int take_userinfo(struct text *authority, struct parts *parts, struct error *err)
{
    const char *at =
        authority->length > 0 ? memrchr(authority->bytes, '@', authority->length) : NULL;
    if (!at)
        return 0;
    struct text info = {authority->bytes, (size_t)(at - authority->bytes)};
    *authority = after(*authority, info.length + 1);
    if (info.length == 0)
        return refuse(err, "nothing stands before the '@'");
    if (memchr(info.bytes, '@', info.length))
        return refuse(err, "an '@' in the user or the password must be written %40");
    size_t colon = find_any(info, ":");
    parts->has_userinfo = true;
    parts->has_password = colon < info.length;
    parts->user = (struct text){info.bytes, colon};
    if (parts->has_password)
        parts->password = after(info, colon + 1);
    if (parts->has_password && parts->password.length == 0)
        return refuse(err, "the password is empty");
    return 0;
}

static int take_host(struct text authority, struct parts *parts, struct error *err)
{
    parts->bracketed = authority.length > 0 && authority.bytes[0] == '[';
    size_t end;
    if (parts->bracketed) {
        end = find_any(authority, "]");
        if (end == authority.length)
            return refuse(err, "the ']' after the IPv6 address is missing");
        parts->host = (struct text){authority.bytes + 1, end - 1};
        authority = after(authority, end + 1);
        if (authority.length > 0 && authority.bytes[0] != ':')
            return refuse(err, "after the ']' only ':' and a port may follow");
    } else {
        end = find_any(authority, ":");
        if (end < authority.length &&
            memchr(authority.bytes + end + 1, ':', authority.length - end - 1))
            return refuse(err, "an IPv6 address must stand in brackets");
        parts->host = (struct text){authority.bytes, end};
        authority = after(authority, end);
    }
    if (parts->host.length == 0)
        return refuse(err, "the host is missing");
    parts->has_port = authority.length > 0;
    if (parts->has_port)
        parts->port = after(authority, 1);
    return 0;
}

/* Digits without leading zeros. */
static int parse_number(struct text text, int64_t least, int64_t most, int64_t *ret_number)
{
    if (text.length == 0 || text.bytes[0] < '0' || text.bytes[0] > '9' ||
        (text.length > 1 && text.bytes[0] == '0') || text_parse_integer(text, ret_number) < 0)
        return -1;
    return *ret_number < least || *ret_number > most ? -1 : 0;
}

static int decode(struct text text, char *ret_bytes, size_t most, const char *too_long,
                  struct error *err)
{
    char bytes[REDIS_URL_MAX];
    ptrdiff_t length = text_percent_decode(text, bytes);
    int status = 0;
    if (length < 0)
        status = refuse(err, "a '%' must be followed by two hex digits");
    else if ((size_t)length > most)
        status = refuse(err, too_long);
    else if (memchr(bytes, '\0', (size_t)length))
        status = refuse(err, "it holds a NUL byte");
    if (status == 0) {
        memcpy(ret_bytes, bytes, (size_t)length);
        ret_bytes[length] = '\0';
    }
    secret_cleanse(bytes, sizeof(bytes));
    return status;
}

static int decode_endpoint(const struct parts *parts, struct endpoint *ret_endpoint,
                           struct error *err)
{
    enum { PORT_MOST = 65535 };
    char host[ENDPOINT_HOST_MAX + 1];
    int64_t port = REDIS_URL_DEFAULT_PORT;
    if (parts->has_port && parse_number(parts->port, 1, PORT_MOST, &port) < 0)
        return refuse(err, "the port must be a number from 1 to 65535");
    if (decode(parts->host, host, ENDPOINT_HOST_MAX, "the host is too long", err) < 0)
        return -1;
    if (parts->bracketed != (strchr(host, ':') != NULL) ||
        endpoint_init(text_of(host), port, ret_endpoint) < 0)
        return refuse(err, "the host is no name and no address");
    return 0;
}

static int decode_parts(const struct parts *parts, struct redis_url *url, struct error *err)
{
    int64_t database = 0;
    struct text path = parts->path;
    if (path.length > 1) {
        if (parse_number(after(path, 1), 0, REDIS_URL_DATABASE_MAX, &database) < 0)
            return refuse(err, "after the '/' only a database's number, 0 to 65535, may follow");
        url->has_database = true;
        url->database = (int)database;
    }
    if (decode_endpoint(parts, &url->endpoint, err) < 0)
        return -1;
    if (parts->has_userinfo && decode(parts->user, url->username, REDIS_URL_USERNAME_MAX,
                                      "the user is longer than 255 bytes", err) < 0)
        return -1;
    return parts->has_password ? decode(parts->password, url->password, REDIS_URL_PASSWORD_MAX,
                                        "the password is longer than 1024 bytes", err)
                               : 0;
}

int redis_url_parse(struct text text, struct redis_url *ret_url, struct error *err)
{
    struct parts parts = {0};
    *ret_url = (struct redis_url){0};
    if (text.length > REDIS_URL_MAX)
        return refuse(err, "it is longer than 8192 bytes");
    if (take_scheme(&text, &ret_url->tls, err) < 0)
        return -1;
    if (find_any(text, "?#") < text.length)
        return refuse(err, "'?' and '#' are not taken; in a password they are %3F and %23");
    size_t slash = find_any(text, "/");
    struct text authority = {text.bytes, slash};
    parts.path = after(text, slash);
    if (take_userinfo(&authority, &parts, err) == 0 && take_host(authority, &parts, err) == 0 &&
        decode_parts(&parts, ret_url, err) == 0)
        return 0;
    redis_url_cleanse(ret_url);
    return -1;
}

void redis_url_cleanse(struct redis_url *url)
{
    secret_cleanse(url, sizeof(*url));
}
