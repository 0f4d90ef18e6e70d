#include "request_span.h"

#include "base/clock.h"
#include "connection.h"
#include "ops/exporter.h"
#include "server_metrics.h"

static struct exporter *exporter_of(const struct exchange *exchange)
{
    return exchange->loop->server->exporter;
}

/* Two that differ tell nothing, and neither does one that is not well formed. */
static bool join(struct exchange *exchange)
{
    static const char name[] = "traceparent";
    const struct auth_header *header = auth_request_find_header(&exchange->auth, name);
    if (!header || auth_request_count_headers(&exchange->auth, name) != 1 ||
        trace_parse(header->value, &exchange->trace) < 0)
        return false;
    trace_descend(&exchange->trace);
    return true;
}

static const char other_method[] = "_OTHER";

/* RFC 9110, 9.1 and RFC 5789; of all others the conventions say what they are called. */
static const char *method_of(const struct exchange *exchange)
{
    static const char *const names[] = {"GET",     "POST",    "PUT",   "DELETE", "HEAD",
                                        "OPTIONS", "CONNECT", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equals(exchange->auth.method, text_of(names[i])))
            return names[i];
    }
    return other_method;
}

void request_span_begin(struct exchange *exchange)
{
    if (!join(exchange))
        exporter_begin_trace(exporter_of(exchange), exchange->request_id, &exchange->trace);
    if (exporter_wants(exporter_of(exchange), &exchange->trace))
        exchange->traced_method = method_of(exchange);
}

void request_span_send(struct exchange *exchange)
{
    if (exchange->traced_method)
        exchange->lock.sent_us = clock_monotonic_us();
}

void request_span_receive(struct exchange *exchange, const struct error *err)
{
    struct span span;
    if (!exchange->traced_method)
        return;
    const char *name = exchange->lock.statement->name;
    span_init_child(&span, &exchange->trace, name, SPAN_CLIENT, exchange->lock.sent_us);
    span.ended_us = clock_monotonic_us();
    span_add_constant(&span, "db.system.name", "postgresql");
    span_add_constant(&span, "db.query.summary", name);
    if (err)
        span_fail(&span, error_describe(err->code)->symbol);
    exporter_put(exporter_of(exchange), &span);
}

static const char *name_of(const struct exchange *exchange)
{
    if (exchange->match.operation)
        return server_metrics_name_of(exchange->match.operation);
    return exchange->traced_method == other_method ? "HTTP" : exchange->traced_method;
}

static void add_ids(struct span *span, const struct exchange *exchange)
{
    const struct api_request *request = &exchange->request;
    char project[UUID_HEX_LENGTH + 1];
    uuid_format_hex(&request->project, project);
    span_add_text(span, "dcs.request_id", exchange->request_id);
    span_add_text(span, "dcs.project_id", project);
    span_add_text(span, "dcs.instance_id", request->instance.text);
    span_add_text(span, "dcs.task_id", request->task.text);
}

static void add_end(struct span *span, int status, const struct error *err)
{
    const struct error_description *why = err ? error_describe(err->code) : NULL;
    span_add_number(span, "http.response.status_code", status);
    if (why)
        span_add_constant(span, "dcs.error_code", why->public_code);
    /* What the client did wrong is no failure of the server's. */
    if (status >= 500)
        span_fail(span, why ? why->symbol : "INTERNAL");
}

void request_span_end(struct exchange *exchange, int status, const struct error *err)
{
    const struct operation *operation = exchange->match.operation;
    struct span span;
    if (!exchange->traced_method)
        return;
    span_init(&span, &exchange->trace, name_of(exchange), SPAN_SERVER, exchange->started_us);
    span.ended_us = clock_monotonic_us();
    span_add_constant(&span, "http.request.method", exchange->traced_method);
    if (operation)
        span_add_constant(&span, "http.route", operation->path);
    span_add_constant(&span, "url.scheme", exchange->connection->tls ? "https" : "http");
    add_end(&span, status, err);
    add_ids(&span, exchange);
    exporter_put(exporter_of(exchange), &span);
}
