/* libcurl resolves, in a thread of its own, and asks for a socket for each address: that is where
 * the outbound rules are. */
#include "webhook_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { HEADER_MAX = 256, CONNECT_SHARE = 2, MS_PER_SECOND = 1000, STATUS_GONE = 410 };
enum { RETRY_AFTER_MAX = 86400 };

const char *webhook_result_text(enum webhook_result result)
{
    static const char *const texts[WEBHOOK_RESULT_COUNT] = {
        [WEBHOOK_DELIVERED] = "delivered",
        [WEBHOOK_UNREACHED] = "the host has no address that may be reached",
        [WEBHOOK_UNCONNECTED] = "no connection",
        [WEBHOOK_TLS] = "TLS failed, or the certificate is not the host's",
        [WEBHOOK_TIMEOUT] = "no answer in time",
        [WEBHOOK_REDIRECTED] = "a redirect, which is not followed",
        [WEBHOOK_GONE] = "the receiver answered 410 (Gone)",
        [WEBHOOK_REFUSED] = "the receiver refused it",
        [WEBHOOK_BROKEN] = "the receiver failed",
        [WEBHOOK_UNSIGNED] = "it could not be signed",
    };
    return texts[result];
}

static curl_socket_t on_open(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct webhook_transfer *transfer = argument;
    struct error err = {0};
    (void)purpose;
    if (outbound_check(transfer->settings->outbound, &address->addr, &err) < 0) {
        snprintf(transfer->refusal, sizeof(transfer->refusal), "%s", err.text);
        return CURL_SOCKET_BAD;
    }
    transfer->was_dialled = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Too much of either ends the transfer, whose status is known by then. */
static size_t on_body(char *bytes, size_t size, size_t count, void *argument)
{
    struct webhook_transfer *transfer = argument;
    (void)bytes;
    transfer->answer_length += size * count;
    return transfer->answer_length > WEBHOOK_ANSWER_MAX ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *argument)
{
    struct webhook_transfer *transfer = argument;
    (void)bytes;
    transfer->head_length += size * count;
    return transfer->head_length > WEBHOOK_HEAD_MAX ? 0 : size * count;
}

static void add_header(struct webhook_transfer *transfer, const char *name, const char *value)
{
    char line[HEADER_MAX];
    snprintf(line, sizeof(line), "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (!longer)
        abort();
    transfer->headers = longer;
}

static void sign(struct webhook_transfer *transfer, const struct webhook_parcel *parcel)
{
    char signature[WEBHOOK_SIGNATURE_LENGTH + 1], timestamp[24];
    const struct webhook_message message = {
        .id = text_of(transfer->claim.id.text),
        .body = parcel->body,
        .timestamp = clock_unix_ms() / MS_PER_SECOND,
    };
    webhook_sign(parcel->secret, &message, signature);
    snprintf(timestamp, sizeof(timestamp), "%lld", (long long)message.timestamp);
    add_header(transfer, "Content-Type", "application/json");
    add_header(transfer, "Expect", "");
    add_header(transfer, "Webhook-Id", transfer->claim.id.text);
    add_header(transfer, "Webhook-Timestamp", timestamp);
    add_header(transfer, "Webhook-Signature", signature);
}

static void set_security(CURL *easy, const struct webhook_settings *settings)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, settings->http ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    /* An address that was looked up for one is not another one's. */
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    if (settings->ca[0]) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca);
        /* Debian's libcurl would go on trusting the system's directory as well. */
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void set_request(struct webhook_transfer *transfer, size_t length)
{
    CURL *easy = transfer->easy;
    long timeout_ms = (long)transfer->settings->timeout_ms;
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)length);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dcs-webhook/" DCS_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms / CONNECT_SHARE);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A resolver that hangs is left to its thread rather than waited for. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

void webhook_transfer_begin(struct webhook_transfer *transfer, const struct webhook_parcel *parcel)
{
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        abort();
    transfer->url = text_copy(parcel->url.bytes, parcel->url.length);
    transfer->body = text_copy(parcel->body.bytes, parcel->body.length);
    sign(transfer, parcel);
    set_security(transfer->easy, transfer->settings);
    set_request(transfer, parcel->body.length);
}

static enum webhook_result result_of_status(long status)
{
    if (status >= 200 && status < 300)
        return WEBHOOK_DELIVERED;
    if (status >= 300 && status < 400)
        return WEBHOOK_REDIRECTED;
    if (status == STATUS_GONE)
        return WEBHOOK_GONE;
    return status >= 400 && status < 500 ? WEBHOOK_REFUSED : WEBHOOK_BROKEN;
}

static enum webhook_result result_of_failure(const struct webhook_transfer *transfer, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return WEBHOOK_UNREACHED;
    case CURLE_COULDNT_CONNECT:
        return transfer->was_dialled ? WEBHOOK_UNCONNECTED : WEBHOOK_UNREACHED;
    case CURLE_OPERATION_TIMEDOUT:
        return WEBHOOK_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return WEBHOOK_TLS;
    default:
        return transfer->head_length > 0 ? WEBHOOK_BROKEN : WEBHOOK_UNCONNECTED;
    }
}

struct webhook_outcome webhook_transfer_outcome(const struct webhook_transfer *transfer,
                                                CURLcode code)
{
    struct webhook_outcome outcome = {0};
    curl_off_t retry_after = 0;
    bool was_cut = code == CURLE_WRITE_ERROR && transfer->head_length <= WEBHOOK_HEAD_MAX;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &outcome.status);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    outcome.retry_after = retry_after < RETRY_AFTER_MAX ? retry_after : RETRY_AFTER_MAX;
    if ((code == CURLE_OK || was_cut) && outcome.status >= 200)
        outcome.result = result_of_status(outcome.status);
    else
        outcome.result = result_of_failure(transfer, code);
    return outcome;
}

void webhook_transfer_release(struct webhook_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer->url);
    free(transfer->body);
    *transfer = (struct webhook_transfer){0};
}
