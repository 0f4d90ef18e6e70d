/* Operations on webhooks.  A secret is made here, sealed here, and told in one answer. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/webhook_store.h"
#include "operations.h"
#include "webhook_body.h"

int bind_webhook_list(struct api_request *request, struct pg_parameters *parameters,
                      struct error *err)
{
    pg_parameters_add_reference(parameters, request->project.text);
    return bind_page(request, parameters, err);
}

static void bind_of(const struct api_request *request, const struct uuid *webhook,
                    struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, request->project.text);
    pg_parameters_add_reference(parameters, webhook->text);
}

int bind_webhook(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    bind_of(request, &request->webhook, parameters);
    return 0;
}

int bind_webhook_deliveries(struct api_request *request, struct pg_parameters *parameters,
                            struct error *err)
{
    bind_of(request, &request->webhook, parameters);
    return bind_page(request, parameters, err);
}

static int bind_new_secret(struct api_request *request, const struct uuid *webhook,
                           struct pg_parameters *parameters, struct error *err)
{
    unsigned char secret[WEBHOOK_SECRET_LENGTH];
    unsigned char sealed[WEBHOOK_SECRET_LENGTH + SECRET_OVERHEAD];
    struct secret_owner owner = webhook_secret_owner(request->project.text, webhook->text);
    size_t length;
    webhook_secret_generate(secret);
    webhook_secret_format(secret, request->webhook_secret);
    int status = secret_seal(request->context->keyring, &owner, secret, sizeof(secret), sealed,
                             &length, err);
    secret_cleanse(secret, sizeof(secret));
    if (status == 0)
        pg_parameters_add_bytes(parameters, sealed, length);
    return status;
}

static int bind_body(struct api_request *request, const struct uuid *webhook,
                     const struct webhook_body *body, struct pg_parameters *parameters,
                     struct error *err)
{
    bind_of(request, webhook, parameters);
    pg_parameters_add_reference(parameters, body->name);
    pg_parameters_add_reference(parameters, body->url);
    if (!body->rotate_secret)
        pg_parameters_add_reference(parameters, NULL);
    else if (bind_new_secret(request, webhook, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, body->events);
    pg_parameters_add_reference(parameters, body->kinds);
    pg_parameters_add_reference(parameters, body->instance_ids);
    pg_parameters_add_reference(parameters, body->limits);
    pg_parameters_add_boolean(parameters, body->enabled);
    return 0;
}

int bind_webhook_create(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    struct webhook_body body;
    if (parse_body(request, err) < 0 || read_webhook_body(request, &body, err) < 0)
        return -1;
    body.rotate_secret = true;
    if (bind_body(request, &request->new_id, &body, parameters, err) < 0)
        return -1;
    pg_parameters_add_integer(parameters, request->context->project_webhooks_max);
    bind_request(request, parameters);
    return 0;
}

int bind_webhook_update(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    struct webhook_body body;
    if (parse_body(request, err) < 0 || read_webhook_body(request, &body, err) < 0 ||
        bind_body(request, &request->webhook, &body, parameters, err) < 0)
        return -1;
    if (request->if_match.bytes)
        return bind_version(request, parameters, err);
    pg_parameters_add_reference(parameters, NULL);
    return 0;
}

/* Text with commas as an array; left out where it is null. */
static void write_list_column(struct json_writer *body, const char *name,
                              const struct pg_rows *rows, int row, int column)
{
    if (pg_rows_is_null(rows, row, column))
        return;
    struct text list = pg_rows_text(rows, row, column);
    json_writer_name(body, name);
    json_writer_begin_array(body);
    while (list.length > 0) {
        const char *comma = memchr(list.bytes, ',', list.length);
        size_t length = comma ? (size_t)(comma - list.bytes) : list.length;
        size_t step = length + (comma != NULL);
        json_writer_text(body, list.bytes, length);
        list = (struct text){list.bytes + step, list.length - step};
    }
    json_writer_end_array(body);
}

static void write_webhook(struct json_writer *body, const struct pg_rows *rows, int row, int first,
                          const char *secret)
{
    struct text limits = pg_rows_text(rows, row, first + WEBHOOK_LIMITS);
    json_writer_begin_object(body);
    write_text_column(body, "id", rows, row, first + WEBHOOK_ID);
    write_text_column(body, "name", rows, row, first + WEBHOOK_NAME);
    write_text_column(body, "url", rows, row, first + WEBHOOK_URL);
    write_list_column(body, "events", rows, row, first + WEBHOOK_EVENTS);
    write_list_column(body, "kinds", rows, row, first + WEBHOOK_KINDS);
    write_list_column(body, "instance_ids", rows, row, first + WEBHOOK_INSTANCE_IDS);
    if (!text_equals(limits, TEXT("[]"))) {
        json_writer_name(body, "limits");
        json_writer_value(body, limits.bytes, limits.length);
    }
    json_writer_member_boolean(body, "enabled",
                               pg_rows_boolean(rows, row, first + WEBHOOK_ENABLED));
    write_time_column(body, "failing_since", rows, row, first + WEBHOOK_FAILING_SINCE);
    write_text_column(body, "disabled_reason", rows, row, first + WEBHOOK_DISABLED_REASON);
    write_time_column(body, "created_at", rows, row, first + WEBHOOK_CREATED_AT);
    write_time_column(body, "updated_at", rows, row, first + WEBHOOK_UPDATED_AT);
    if (secret[0])
        json_writer_member_text(body, "secret", secret);
    json_writer_end_object(body);
}

int render_webhook_list(const struct api_request *request, const struct pg_rows *rows,
                        struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return error_set(err, ERROR_INTERNAL, "webhook_list gave no row");
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", pg_rows_integer(rows, 0, WEBHOOK_LIST_COUNT));
    json_writer_name(body, "webhooks");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (!pg_rows_is_null(rows, row, WEBHOOK_LIST_FIRST))
            write_webhook(body, rows, row, WEBHOOK_LIST_FIRST, "");
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

static int fail_unknown(struct error *err)
{
    return error_set(err, ERROR_UNKNOWN_WEBHOOK, "no such webhook in the project");
}

int render_webhook(const struct api_request *request, const struct pg_rows *rows,
                   struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return fail_unknown(err);
    write_webhook(&reply->body, rows, 0, 0, "");
    api_reply_set_version(reply, pg_rows_integer(rows, 0, WEBHOOK_VERSION));
    return 0;
}

/* With its secret, where there is a new one. */
static void write_changed(const struct api_request *request, const struct pg_rows *rows,
                          struct api_reply *reply)
{
    reply->body.is_secret = request->webhook_secret[0] != '\0';
    write_webhook(&reply->body, rows, 0, 1, request->webhook_secret);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, 1 + WEBHOOK_VERSION));
}

int render_webhook_created(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    struct text outcome = pg_rows_text(rows, 0, 0);
    if (!text_equals(outcome, TEXT("created")))
        return error_set(err, ERROR_WEBHOOKS_QUOTA, "no room for another webhook");
    reply->status = HTTP_CREATED;
    snprintf(reply->location, sizeof(reply->location), "/ext/v1/%s/webhooks/%s",
             request->project.text, request->new_id.text);
    api_reply_set_subject(reply, request->new_id.text);
    write_changed(request, rows, reply);
    return 0;
}

int render_webhook_updated(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    struct text outcome = pg_rows_text(rows, 0, 0);
    if (text_equals(outcome, TEXT("version")))
        return error_set(err, ERROR_WEBHOOK_CHANGED, "another version");
    if (!text_equals(outcome, TEXT("updated")))
        return fail_unknown(err);
    write_changed(request, rows, reply);
    return 0;
}

int render_webhook_deleted(const struct api_request *request, const struct pg_rows *rows,
                           struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return fail_unknown(err);
    reply->status = HTTP_NO_CONTENT;
    return 0;
}

static void write_delivery(struct json_writer *body, const struct pg_rows *rows, int row, int first)
{
    json_writer_begin_object(body);
    write_text_column(body, "id", rows, row, first + WEBHOOK_DELIVERY_ID);
    write_text_column(body, "event", rows, row, first + WEBHOOK_DELIVERY_EVENT);
    write_text_column(body, "status", rows, row, first + WEBHOOK_DELIVERY_STATUS);
    write_number_column(body, "attempts", rows, row, first + WEBHOOK_DELIVERY_ATTEMPTS);
    write_time_column(body, "created_at", rows, row, first + WEBHOOK_DELIVERY_CREATED_AT);
    write_time_column(body, "attempted_at", rows, row, first + WEBHOOK_DELIVERY_ATTEMPTED_AT);
    write_time_column(body, "delivered_at", rows, row, first + WEBHOOK_DELIVERY_DELIVERED_AT);
    write_time_column(body, "next_attempt_at", rows, row, first + WEBHOOK_DELIVERY_NEXT_ATTEMPT_AT);
    write_number_column(body, "response_status", rows, row,
                        first + WEBHOOK_DELIVERY_RESPONSE_STATUS);
    write_text_column(body, "error", rows, row, first + WEBHOOK_DELIVERY_ERROR);
    json_writer_end_object(body);
}

int render_webhook_deliveries(const struct api_request *request, const struct pg_rows *rows,
                              struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    if (rows->row_count == 0)
        return fail_unknown(err);
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", pg_rows_integer(rows, 0, WEBHOOK_DELIVERY_LIST_COUNT));
    json_writer_name(body, "deliveries");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++) {
        if (!pg_rows_is_null(rows, row, WEBHOOK_DELIVERY_LIST_FIRST))
            write_delivery(body, rows, row, WEBHOOK_DELIVERY_LIST_FIRST);
    }
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

int render_webhook_tested(const struct api_request *request, const struct pg_rows *rows,
                          struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return fail_unknown(err);
    reply->status = HTTP_ACCEPTED;
    api_reply_set_subject(reply, pg_rows_string(rows, 0, WEBHOOK_DELIVERY_ID));
    write_delivery(&reply->body, rows, 0, 0);
    return 0;
}
