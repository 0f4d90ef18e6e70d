/* URLs of servers: what is taken is written again and taken again, what is refused leaves nothing
 * behind, and no refusal quotes the text, which may be a password. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "redis/url.h"

enum { ENCODED_MAX = 3 * (REDIS_URL_USERNAME_MAX + REDIS_URL_PASSWORD_MAX) + 1024 };

static size_t put(char *place, const char *text, bool encoded)
{
    size_t length = strlen(text);
    if (encoded)
        return fuzz_percent_encode(text_of(text), true, place);
    memcpy(place, text, length);
    return length;
}

static size_t write_url(const struct redis_url *url, char ret_text[ENCODED_MAX])
{
    char *end = ret_text, endpoint[ENDPOINT_TEXT_MAX + 1], database[16];
    end += put(end, url->tls ? "rediss://" : "redis://", false);
    end += put(end, url->username, true);
    if (url->password[0]) {
        end += put(end, ":", false);
        end += put(end, url->password, true);
    }
    if (url->username[0] || url->password[0])
        end += put(end, "@", false);
    endpoint_format(&url->endpoint, endpoint);
    /* The zone of an IPv6 address is behind a '%', which a URL encodes (RFC 6874). */
    for (const char *c = endpoint; *c; c++)
        end += put(end, *c == '%' ? "%25" : (char[]){*c, '\0'}, false);
    if (url->has_database) {
        snprintf(database, sizeof(database), "/%d", url->database);
        end += put(end, database, false);
    }
    return (size_t)(end - ret_text);
}

static void check_again(const struct redis_url *url)
{
    static char text[ENCODED_MAX];
    static struct redis_url again;
    struct error err = {0};
    size_t length = write_url(url, text);
    char *copy = fuzz_copy((struct text){text, length});
    assert(redis_url_parse((struct text){copy, length}, &again, &err) == 0);
    assert(again.tls == url->tls && again.has_database == url->has_database);
    assert(again.database == url->database && again.endpoint.port == url->endpoint.port);
    assert(strcmp(again.endpoint.host, url->endpoint.host) == 0);
    assert(strcmp(again.username, url->username) == 0);
    assert(strcmp(again.password, url->password) == 0);
    redis_url_cleanse(&again);
    free(copy);
}

/* Nothing of a password is left, and the words are ours alone. */
static void check_refusal(const struct redis_url *url, const struct error *err)
{
    assert(err->code == ERROR_INVALID_PARAMETER && strncmp(err->text, "URL: ", 5) == 0);
    assert(err->public_argument[0] == '\0');
    for (size_t i = 0; i < sizeof(url->password); i++)
        assert(url->password[i] == '\0');
    assert(!url->username[0] && !url->endpoint.host[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct redis_url url;
    struct error err = {0};
    if (redis_url_parse((struct text){(const char *)bytes, length}, &url, &err) < 0) {
        check_refusal(&url, &err);
        return 0;
    }
    assert(url.endpoint.host[0] && url.endpoint.port >= 1 && url.endpoint.port <= 65535);
    assert(url.database >= 0 && url.database <= REDIS_URL_DATABASE_MAX);
    check_again(&url);
    return 0;
}
