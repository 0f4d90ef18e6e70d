/* Gathers events and writes them in batches, one in flight at a time. */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "database.h"
#include "model/audit.h"
#include "model/audit_store.h"

enum { FLUSH_AT = 128, RETRY_MS = 1000 };

struct audit {
    struct loop *loop;
    struct database *database; /* null: the loop's own connections */
    bool all;
    struct json_writer gathered; /* an array that is not closed */
    int gathered_count;
    struct json_writer sent; /* until it is acknowledged */
    int sent_count;
    bool in_flight;
    int64_t retry_ms; /* not before */
    int64_t lost;
    int64_t said_pending; /* of the metric */

    /* Refusals without a proved identity, of this second. */
    int64_t second;
    int64_t unproved;
    struct audit_event last_unproved; /* its text is not kept */
};

struct audit *audit_new(struct loop *loop)
{
    struct audit *audit = calloc(1, sizeof(*audit));
    if (!audit)
        abort();
    audit->loop = loop;
    audit->all = strcmp(loop->server->config->audit, "all") == 0;
    json_writer_init(&audit->gathered);
    json_writer_init(&audit->sent);
    return audit;
}

void audit_open(struct audit *audit)
{
    if (audit->loop->server->config->audit_database_url[0])
        audit->database = database_new(audit->loop, DATABASE_AUDIT);
}

void audit_free(struct audit *audit)
{
    database_free(audit->database);
    if (audit->gathered_count + audit->sent_count + audit->lost > 0)
        LOG_ERROR("audit_lost",
                  LOG_NUMBER("events", audit->gathered_count + audit->sent_count + audit->lost));
    json_writer_release(&audit->gathered);
    json_writer_release(&audit->sent);
    free(audit);
}

static void gather(struct audit *audit, const struct audit_event *event)
{
    audit_event_log(event);
    metric_count(&metric_audit_events, 0, 0);
    if (audit->gathered_count == AUDIT_PENDING_MAX) {
        audit->lost++;
        metric_count(&metric_audit_lost, 0, 0);
        return;
    }
    if (audit->gathered_count++ == 0)
        json_writer_begin_array(&audit->gathered);
    audit_event_write(&audit->gathered, event);
}

/* One event for those of the last second that were left out. */
static void settle_unproved(struct audit *audit, int64_t second)
{
    if (second == audit->second)
        return;
    if (audit->unproved > AUDIT_UNPROVED_PER_SECOND) {
        struct audit_event event = audit->last_unproved;
        event.times = audit->unproved - AUDIT_UNPROVED_PER_SECOND;
        gather(audit, &event);
    }
    audit->second = second;
    audit->unproved = 0;
}

/* Whether an event of nobody in particular is one too many. */
static bool is_left_out(struct audit *audit, const struct audit_event *event)
{
    settle_unproved(audit, event->at_ms / 1000);
    if (++audit->unproved <= AUDIT_UNPROVED_PER_SECOND)
        return false;
    audit->last_unproved = (struct audit_event){.at_ms = event->at_ms,
                                                .request_id = event->request_id,
                                                .project = "",
                                                .source = "",
                                                .action = "refusals",
                                                .instance = "",
                                                .status = event->status,
                                                .code = ""};
    return true;
}

static bool is_wanted(const struct exchange *exchange, int status)
{
    const struct operation *operation = exchange->match.operation;
    if (!operation)
        return false;
    return exchange->loop->audit->all || operation->method != HTTP_GET ||
           operation->for_operators || status == 401 || status == 403;
}

static struct text text_or(const char *text, struct text fallback)
{
    return text[0] ? text_of(text) : fallback;
}

static struct text claimed_identity(const struct exchange *exchange)
{
    return text_or(exchange->claim.user, exchange->signature.access_key);
}

static struct text subject_of(const struct exchange *exchange, const char *made)
{
    const struct api_request *request = &exchange->request;
    return text_or(
        made, text_or(request->task.text, text_or(exchange->claim.target, request->access_key_id)));
}

void audit_note(struct exchange *exchange, int status, const struct error *err, const char *subject)
{
    struct audit *audit = exchange->loop->audit;
    if (!is_wanted(exchange, status))
        return;
    const struct api_request *request = &exchange->request;
    const struct identity *identity = &exchange->identity;
    bool proved = identity->name[0] != '\0';
    char source[ADDRESS_TEXT_MAX + 1];
    connection_format_source(exchange->connection, &exchange->framing, source);
    struct audit_event event = {
        .at_ms = clock_unix_ms(),
        .project = request->project.text[0] ? request->project.text : identity->project.text,
        .identity = text_or(identity->name, claimed_identity(exchange)),
        .proved = proved,
        .source = source,
        .action = exchange->match.operation->action,
        .instance = request->instance.text,
        .subject = subject_of(exchange, subject),
        .status = status,
        .code = err ? error_describe(err->code)->public_code : "",
        .times = 1,
    };
    uuid_parse_any(text_of(exchange->request_id), &event.request_id);
    if (proved || !is_left_out(audit, &event))
        gather(audit, &event);
    if (audit->gathered_count >= FLUSH_AT)
        audit_tick(audit);
}

static void on_written(void *argument, struct pg_rows *rows, const struct error *err)
{
    struct audit *audit = argument;
    audit->in_flight = false;
    if (rows) {
        audit->sent_count = 0;
        return;
    }
    if (audit->retry_ms == 0)
        LOG_ERROR("audit_delayed", LOG_ERROR_FIELDS(err));
    audit->retry_ms = clock_monotonic_ms() + RETRY_MS;
}

static void take_gathered(struct audit *audit)
{
    json_writer_release(&audit->sent);
    audit->sent = audit->gathered;
    audit->sent_count = audit->gathered_count;
    json_writer_end_array(&audit->sent);
    json_writer_init(&audit->gathered);
    audit->gathered_count = 0;
}

static int submit(struct audit *audit, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, audit->sent.text);
    if (audit->database)
        return database_submit_to(audit->database, &audit_insert, &parameters, on_written, audit,
                                  err);
    return database_submit(audit->loop, &audit_insert, &parameters, on_written, audit, err);
}

static void report_lost(struct audit *audit)
{
    if (audit->lost == 0)
        return;
    LOG_ERROR("audit_lost", LOG_NUMBER("events", audit->lost));
    audit->lost = 0;
}

void audit_tick(struct audit *audit)
{
    struct error err = {0};
    int64_t now_ms = clock_monotonic_ms();
    if (audit->database)
        database_tick(audit->database);
    settle_unproved(audit, clock_unix_seconds());
    metric_set_part(&metric_audit_pending, &audit->said_pending,
                    audit->gathered_count + audit->sent_count);
    if (audit->in_flight || now_ms < audit->retry_ms)
        return;
    if (audit->sent_count == 0 && audit->gathered_count > 0)
        take_gathered(audit);
    if (audit->sent_count == 0)
        return;
    audit->in_flight = true;
    audit->retry_ms = 0;
    report_lost(audit);
    if (submit(audit, &err) < 0) {
        audit->in_flight = false;
        audit->retry_ms = now_ms + RETRY_MS;
    }
}

bool audit_is_idle(const struct audit *audit)
{
    return audit->gathered_count + audit->sent_count == 0;
}
