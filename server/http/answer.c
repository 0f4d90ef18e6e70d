/* From replies and errors to h2o's response. */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "request_span.h"

static void log_answer(const struct exchange *exchange, int status, const struct error *err)
{
    static struct log_limit missing_key;
    enum log_level level = status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
    if (err && err->code == ERROR_SECRET_KEY && !log_limit_passes(&missing_key))
        level = LOG_LEVEL_DEBUG;
    const char *action = exchange->match.operation ? exchange->match.operation->action : "none";
    LOG_AT(level, "request", LOG_TEXT("request_id", exchange->request_id),
           LOG_TEXT("project", exchange->match.project), LOG_TEXT("action", action),
           LOG_NUMBER("status", status),
           LOG_NUMBER("duration_us", clock_monotonic_us() - exchange->started_us),
           LOG_TEXT("reason", err ? err->text : ""), LOG_TEXT_IF("trace_id", exchange->trace.id),
           LOG_TEXT_IF("span_id", exchange->trace.span));
}

static void add_header(h2o_req_t *req, const char *lower, const char *name, const char *value)
{
    h2o_iovec_t copy = h2o_strdup(&req->pool, value, SIZE_MAX);
    h2o_add_header_by_str(&req->pool, &req->res.headers, lower, strlen(lower), 0, name, copy.base,
                          copy.len);
}

/* What a request brought in its body has been sealed or refused by now. */
static void cleanse_body(h2o_req_t *req)
{
    if (req->entity.len > 0)
        secret_cleanse(req->entity.base, req->entity.len);
}

static void add_number(h2o_req_t *req, const char *lower, const char *name, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    add_header(req, lower, name, text);
}

static void add_limits(struct exchange *exchange)
{
    enum { US_PER_SECOND = 1000000 };
    const struct throttle_verdict *tightest = &exchange->limits.tightest;
    h2o_req_t *req = exchange->req;
    if (tightest->limit == 0)
        return;
    add_number(req, "ratelimit-limit", "RateLimit-Limit", tightest->limit);
    add_number(req, "ratelimit-remaining", "RateLimit-Remaining", tightest->remaining);
    add_number(req, "ratelimit-reset", "RateLimit-Reset",
               (tightest->reset_us + US_PER_SECOND - 1) / US_PER_SECOND);
}

/* h2o encrypts all that it is given at once, and keeps that until the client has taken it: a body
 * is given piece by piece, so that a client that does not read makes it hold no more than one.
 * Whoever has not shown who he is may be one of many of these. */
enum { PIECE_BYTES = 16 * 1024, UNPROVED_PIECE_BYTES = 4 * 1024 };

struct sending {
    h2o_generator_t super;
    h2o_iovec_t rest;
    size_t piece_bytes;
};

static void send_piece(h2o_generator_t *generator, h2o_req_t *req)
{
    struct sending *sending = (struct sending *)generator;
    h2o_iovec_t piece = sending->rest;
    if (piece.len > sending->piece_bytes)
        piece.len = sending->piece_bytes;
    sending->rest.base += piece.len;
    sending->rest.len -= piece.len;
    h2o_send(req, &piece, piece.len > 0,
             sending->rest.len > 0 ? H2O_SEND_STATE_IN_PROGRESS : H2O_SEND_STATE_FINAL);
}

/* All of the response's head. */
static void fill_head(struct exchange *exchange, int status, size_t content_length)
{
    h2o_req_t *req = exchange->req;
    req->res.status = status;
    req->res.reason = http_reason(status);
    req->res.content_length = content_length;
    add_header(req, "x-request-id", "X-Request-Id", exchange->request_id);
    add_limits(exchange);
    server_metrics_note_answer(exchange, status);
    if (atomic_load_explicit(&exchange->loop->server->draining, memory_order_relaxed))
        req->http1_is_persistent = 0;
    cleanse_body(req);
}

/* Starts the response and ends it with a body that outlives the request, or none. */
static void send_body(struct exchange *exchange, int status, h2o_iovec_t body, bool has_body)
{
    h2o_req_t *req = exchange->req;
    struct sending *sending = h2o_mem_alloc_pool(&req->pool, sizeof(*sending));
    bool is_head = h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
    fill_head(exchange, status, has_body ? body.len : SIZE_MAX);
    *sending = (struct sending){.super = {.proceed = send_piece}};
    sending->piece_bytes = exchange->identity.name[0] ? PIECE_BYTES : UNPROVED_PIECE_BYTES;
    if (has_body && !is_head)
        sending->rest = body;
    h2o_start_response(req, &sending->super);
    send_piece(&sending->super, req);
}

static void add_optional_header(h2o_req_t *req, const char *lower, const char *name,
                                const char *value)
{
    if (value[0])
        add_header(req, lower, name, value);
}

struct body {
    char *bytes;
    size_t length;
    bool is_secret;
};

static void dispose_body(void *object)
{
    struct body *body = object;
    if (body->is_secret)
        secret_cleanse(body->bytes, body->length);
    free(body->bytes);
}

/* Takes the text over, for as long as the request lives. */
static h2o_iovec_t take_body(h2o_req_t *req, struct json_writer *text)
{
    struct body *body = h2o_mem_alloc_shared(&req->pool, sizeof(*body), dispose_body);
    body->is_secret = text->is_secret;
    body->bytes = json_writer_take(text, &body->length);
    return h2o_iovec_init(body->bytes, body->length);
}

static void send_reply(struct exchange *exchange, struct api_reply *reply)
{
    h2o_req_t *req = exchange->req;
    bool has_body = reply->status != HTTP_NO_CONTENT;
    h2o_iovec_t body = {0};
    if (reply->body.is_secret)
        add_header(req, "cache-control", "Cache-Control", "no-store");
    if (has_body) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                       reply->content_type, strlen(reply->content_type));
        body = take_body(req, &reply->body);
    }
    add_optional_header(req, "etag", "ETag", reply->etag);
    add_optional_header(req, "location", "Location", reply->location);
    add_optional_header(req, "content-disposition", "Content-Disposition", reply->disposition);
    send_body(exchange, reply->status, body, has_body);
}

void answer_reply(struct exchange *exchange, struct api_reply *reply)
{
    log_answer(exchange, reply->status, NULL);
    audit_note(exchange, reply->status, NULL, reply->subject);
    request_span_end(exchange, reply->status, NULL);
    send_reply(exchange, reply);
}

/* Buffers on the way would keep events back. */
void answer_stream(struct exchange *exchange, h2o_generator_t *generator)
{
    static h2o_generator_t nothing;
    h2o_req_t *req = exchange->req;
    log_answer(exchange, HTTP_OK, NULL);
    audit_note(exchange, HTTP_OK, NULL, "");
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("text/event-stream"));
    add_header(req, "cache-control", "Cache-Control", "no-store");
    add_header(req, "x-accel-buffering", "X-Accel-Buffering", "no");
    fill_head(exchange, HTTP_OK, SIZE_MAX);
    req->http1_is_persistent = 0;
    h2o_start_response(req, generator ? generator : &nothing);
    if (!generator)
        h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
}

static enum api_error_form error_form(const struct exchange *exchange)
{
    struct text target = {exchange->req->input.path.base, exchange->req->input.path.len};
    return route_has_problems(target) ? API_ERROR_PROBLEM : API_ERROR_DCS;
}

void answer_error(struct exchange *exchange, const struct error *err)
{
    struct api_reply reply;
    h2o_req_t *req = exchange->req;
    api_reply_init(&reply);
    api_reply_set_error(&reply, err, error_form(exchange), exchange->request_id);
    if (reply.status == 503)
        add_header(req, "retry-after", "Retry-After", "1");
    else if (reply.status == 429)
        add_number(req, "retry-after", "Retry-After", exchange->limits.retry_after_seconds);
    if (err->code == ERROR_METHOD_NOT_ALLOWED)
        add_header(req, "allow", "Allow", exchange->match.allow);
    log_answer(exchange, reply.status, err);
    audit_note(exchange, reply.status, err, "");
    request_span_end(exchange, reply.status, err);
    send_reply(exchange, &reply);
    api_reply_release(&reply);
}

static struct text header_of(const struct exchange *exchange, const char *name)
{
    const struct auth_header *header = auth_request_find_header(&exchange->auth, name);
    return header ? header->value : (struct text){0};
}

void answer_document(struct exchange *exchange, const struct document *document)
{
    h2o_req_t *req = exchange->req;
    h2o_iovec_t body = h2o_iovec_init(document->bytes, document->length);
    add_header(req, "etag", "ETag", document->etag);
    add_header(req, "cache-control", "Cache-Control", document->caching);
    add_header(req, "vary", "Vary", "Accept-Encoding");
    if (document_has_tag(document, header_of(exchange, "if-none-match"))) {
        request_span_end(exchange, HTTP_NOT_MODIFIED, NULL);
        send_body(exchange, HTTP_NOT_MODIFIED, (h2o_iovec_t){0}, false);
        return;
    }
    if (document->gzip && document_accepts_gzip(header_of(exchange, "accept-encoding"))) {
        add_header(req, "content-encoding", "Content-Encoding", "gzip");
        body = h2o_iovec_init(document->gzip, document->gzip_length);
    }
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, document->type,
                   strlen(document->type));
    add_header(req, "content-security-policy", "Content-Security-Policy", document->policy);
    add_header(req, "cross-origin-opener-policy", "Cross-Origin-Opener-Policy", "same-origin");
    add_header(req, "referrer-policy", "Referrer-Policy", "no-referrer");
    add_header(req, "x-content-type-options", "X-Content-Type-Options", "nosniff");
    request_span_end(exchange, HTTP_OK, NULL);
    send_body(exchange, HTTP_OK, body, true);
}
