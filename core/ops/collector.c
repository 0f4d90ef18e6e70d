/* libcurl's multi interface, as its waits can be ended from another thread. */
#include "collector.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "base/secret.h"
#include "ops/outgoing.h"

struct collector {
    const struct trace_settings *settings;
    CURLM *multi;
    CURL *easy;
    atomic_int_fast64_t end_ms;
    char problem[CURL_ERROR_SIZE];
    bool is_too_large;
    size_t head_length, answer_length;
    char answer[COLLECTOR_ANSWER_MAX];
};

static size_t on_body(char *bytes, size_t size, size_t count, void *argument)
{
    struct collector *collector = argument;
    size_t length = size * count;
    if (length > sizeof(collector->answer) - collector->answer_length) {
        collector->is_too_large = true;
        return 0;
    }
    memcpy(collector->answer + collector->answer_length, bytes, length);
    collector->answer_length += length;
    return length;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *argument)
{
    struct collector *collector = argument;
    (void)bytes;
    collector->head_length += size * count;
    collector->is_too_large = collector->head_length > OUTGOING_HEAD_MAX;
    return collector->is_too_large ? 0 : size * count;
}

static CURL *new_handle(struct collector *collector)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        abort();
    outgoing_set_security(easy, collector->settings->ca);
    curl_easy_setopt(easy, CURLOPT_URL, collector->settings->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dcs/" DCS_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)collector->settings->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, collector);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, collector);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, collector->problem);
    return easy;
}

struct collector *collector_new(const struct trace_settings *settings)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    if (!collector || !(collector->multi = curl_multi_init()))
        abort();
    collector->settings = settings;
    collector->easy = new_handle(collector);
    atomic_init(&collector->end_ms, INT64_MAX);
    return collector;
}

void collector_free(struct collector *collector)
{
    curl_easy_cleanup(collector->easy);
    curl_multi_cleanup(collector->multi);
    free(collector);
}

void collector_wake(struct collector *collector)
{
    curl_multi_wakeup(collector->multi);
}

void collector_end(struct collector *collector, int64_t at_ms)
{
    atomic_store(&collector->end_ms, at_ms);
    collector_wake(collector);
}

void collector_sleep(struct collector *collector, int64_t milliseconds)
{
    enum { MOST_MS = 1000 * 1000 };
    curl_multi_poll(collector->multi, NULL, 0, milliseconds < MOST_MS ? (int)milliseconds : MOST_MS,
                    NULL);
}

static void append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer)
        abort();
    *list = longer;
}

/* Read for every request, so that a new token counts from then on. */
static int append_secrets(const struct collector *collector, struct curl_slist **list,
                          struct error *err)
{
    struct trace_headers headers = {0};
    if (!collector->settings->headers_file)
        return 0;
    int status = trace_headers_read(collector->settings->headers_file, &headers, err);
    for (int i = 0; status == 0 && i < headers.count; i++)
        append(list, headers.lines[i]);
    trace_headers_release(&headers);
    return status < 0 ? error_prefix(err, "trace_headers_file") : 0;
}

/* libcurl would wait for `100 Continue` before a large body. */
static int make_headers(const struct collector *collector, struct curl_slist **ret_list,
                        struct error *err)
{
    append(ret_list, "Content-Type: application/json");
    append(ret_list, "Accept: application/json");
    append(ret_list, "Expect:");
    return append_secrets(collector, ret_list, err);
}

static void headers_cleanup(struct curl_slist **list)
{
    for (struct curl_slist *line = *list; line; line = line->next)
        secret_cleanse_text(line->data);
    curl_slist_free_all(*list);
}

/* Until it is over, or the end. */
static CURLcode transfer(struct collector *collector)
{
    enum { LOOK_MS = 1000 };
    CURLcode code = CURLE_OPERATION_TIMEDOUT;
    int running = 1, left;
    curl_multi_add_handle(collector->multi, collector->easy);
    for (;;) {
        curl_multi_perform(collector->multi, &running);
        int64_t left_ms = atomic_load(&collector->end_ms) - clock_monotonic_ms();
        if (running == 0 || left_ms <= 0)
            break;
        collector_sleep(collector, left_ms < LOOK_MS ? left_ms : LOOK_MS);
    }
    const CURLMsg *message = curl_multi_info_read(collector->multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        code = message->data.result;
    curl_multi_remove_handle(collector->multi, collector->easy);
    return code;
}

static struct collector_verdict fail(const struct collector *collector, CURLcode code,
                                     struct error *err)
{
    if (collector->is_too_large) {
        error_set(err, ERROR_UNAVAILABLE, "its answer is too large");
        return (struct collector_verdict){.result = COLLECTOR_REFUSED};
    }
    error_set(err, ERROR_UNAVAILABLE, "%s",
              collector->problem[0] ? collector->problem : curl_easy_strerror(code));
    return (struct collector_verdict){.result = COLLECTOR_LATER};
}

struct collector_verdict collector_post(struct collector *collector, struct text body,
                                        struct error *err)
{
    SCOPED(headers_cleanup) struct curl_slist *headers = NULL;
    CURL *easy = collector->easy;
    collector->problem[0] = '\0';
    collector->is_too_large = false;
    collector->head_length = collector->answer_length = 0;
    if (make_headers(collector, &headers, err) < 0)
        return (struct collector_verdict){.result = COLLECTOR_LATER};
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.bytes);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = transfer(collector);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    if (code != CURLE_OK)
        return fail(collector, code, err);
    long status = 0;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    return collector_judge((int)status, retry_after_s,
                           (struct text){collector->answer, collector->answer_length}, err);
}

static bool is_to_be_repeated(int status)
{
    return status == 429 || (status >= 502 && status <= 504);
}

/* `partialSuccess` is there where something was rejected, or is to be said; its number is of 64
 * bits, and so may be text. */
static int64_t read_rejected(const json_t *answer)
{
    const json_t *count =
        json_object_get(json_object_get(answer, "partialSuccess"), "rejectedSpans");
    int64_t number = 0;
    if (json_is_integer(count))
        number = json_integer_value(count);
    else if (json_is_string(count))
        text_parse_integer((struct text){json_string_value(count), json_string_length(count)},
                           &number);
    return number > 0 ? number : 0;
}

/* An empty answer is an empty message. */
static int read_answer(struct text body, int64_t *ret_rejected, struct error *err)
{
    *ret_rejected = 0;
    if (text_trim(body).length == 0)
        return 0;
    SCOPED(json_cleanup) json_t *answer = json_loadb(body.bytes, body.length, 0, NULL);
    if (!json_is_object(answer))
        return error_set(err, ERROR_UNAVAILABLE, "its answer is not that of a collector");
    *ret_rejected = read_rejected(answer);
    return 0;
}

struct collector_verdict collector_judge(int status, int64_t retry_after_s, struct text body,
                                         struct error *err)
{
    enum { RETRY_AFTER_MAX_S = COLLECTOR_RETRY_AFTER_MAX_MS / 1000 };
    struct collector_verdict verdict = {.result = COLLECTOR_TAKEN};
    if (status >= 200 && status < 300) {
        if (read_answer(body, &verdict.rejected, err) < 0)
            verdict.result = COLLECTOR_REFUSED;
        return verdict;
    }
    verdict.result = is_to_be_repeated(status) ? COLLECTOR_LATER : COLLECTOR_REFUSED;
    if (verdict.result == COLLECTOR_LATER && retry_after_s > 0)
        verdict.retry_after_ms =
            (retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S) * 1000;
    error_set(err, ERROR_UNAVAILABLE, "it answered with status %d", status);
    return verdict;
}
