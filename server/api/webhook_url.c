/* Taken apart by the library that dials it, so that both see the same host. */
#include "webhook_url.h"

#include <string.h>

#include <curl/curl.h>

#include "base/scope.h"
#include "base/special_address.h"

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void part_cleanup(char **part)
{
    curl_free(*part);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    SCOPED(part_cleanup) char *text = NULL;
    return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

static bool is_printable(struct text url)
{
    for (size_t i = 0; i < url.length; i++) {
        if (url.bytes[i] <= ' ' || url.bytes[i] > '~')
            return false;
    }
    return url.length > 0;
}

/* libcurl would take one slash or three, and make a host of what follows. */
static bool has_authority(struct text url)
{
    const char *slashes = strstr(url.bytes, "://");
    return slashes && slashes[3] != '/';
}

static bool has_scheme(CURLU *url, bool http_allowed)
{
    SCOPED(part_cleanup) char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return false;
    return strcmp(scheme, "https") == 0 || (http_allowed && strcmp(scheme, "http") == 0);
}

/* An IPv6 address comes in its brackets. */
static bool has_host(CURLU *url)
{
    SCOPED(part_cleanup) char *host = NULL;
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    size_t length = strlen(host);
    char *bare = host;
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        bare = host + 1;
    }
    return *bare && !special_address_refusal(bare);
}

int webhook_url_check(struct text url, bool http_allowed, struct error *err)
{
    SCOPED(url_cleanup) CURLU *parsed = curl_url();
    if (parsed && url.length <= WEBHOOK_URL_MAX && is_printable(url) && has_authority(url) &&
        curl_url_set(parsed, CURLUPART_URL, url.bytes, CURLU_DISALLOW_USER) == CURLUE_OK &&
        has_scheme(parsed, http_allowed) && has_host(parsed) &&
        !has_part(parsed, CURLUPART_FRAGMENT))
        return 0;
    return error_set_public(err, ERROR_INVALID_PARAMETER, "url");
}
