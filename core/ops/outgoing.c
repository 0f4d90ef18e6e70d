#include "ops/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "base/scope.h"

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void part_cleanup(char **part)
{
    curl_free(*part);
}

static void context_cleanup(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

int outgoing_check_url(const char *setting, const char *text, bool *ret_is_plain, struct error *err)
{
    SCOPED(url_cleanup) CURLU *url = curl_url();
    SCOPED(part_cleanup) char *scheme = NULL;
    SCOPED(part_cleanup) char *unwanted = NULL;
    if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return error_set(err, ERROR_CONFIG, "%s: not an http or https URL", setting);
    if (curl_url_get(url, CURLUPART_USER, &unwanted, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_QUERY, &unwanted, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_FRAGMENT, &unwanted, 0) == CURLUE_OK)
        return error_set(err, ERROR_CONFIG, "%s: user, query or fragment in it", setting);
    *ret_is_plain = strcmp(scheme, "http") == 0;
    return 0;
}

int outgoing_check_ca(const char *setting, const char *path, struct error *err)
{
    SCOPED(context_cleanup) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_file(context, path) != 1)
        return error_set(err, ERROR_CONFIG, "%s: no certificates in '%s'", setting, path);
    return 0;
}

char *outgoing_join(const char *base, const char *path)
{
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    char *url = malloc(length + strlen(path) + 1);
    if (!url)
        abort();
    memcpy(url, base, length);
    memcpy(url + length, path, strlen(path) + 1);
    return url;
}

void outgoing_set_security(CURL *easy, const char *ca)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
        /* Debian's libcurl would go on trusting the system's directory as well. */
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)OUTGOING_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A resolver that hangs is left to its thread rather than waited for. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}
