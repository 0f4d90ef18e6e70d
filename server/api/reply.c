/* Replies: what a client gets, success or error, before HTTP. */
#include "api/reply.h"

#include <stdio.h>
#include <string.h>

void api_reply_init(struct api_reply *reply)
{
    *reply = (struct api_reply){.status = HTTP_OK, .content_type = "application/json"};
    json_writer_init(&reply->body);
}

void api_reply_release(struct api_reply *reply)
{
    json_writer_release(&reply->body);
}

void api_reply_set_version(struct api_reply *reply, int64_t version)
{
    snprintf(reply->etag, sizeof(reply->etag), "\"%lld\"", (long long)version);
}

void api_reply_set_subject(struct api_reply *reply, const char *id)
{
    snprintf(reply->subject, sizeof(reply->subject), "%s", id);
}

static void write_dcs_error(struct json_writer *body, const struct error_description *description,
                            const char *message, const char *request_id)
{
    json_writer_member_text(body, "error_code", description->public_code);
    json_writer_member_text(body, "error_msg", message);
    if (strncmp(description->public_code, "APIGW.", strlen("APIGW.")) == 0)
        json_writer_member_text(body, "request_id", request_id);
}

static void write_problem(struct json_writer *body, const struct error_description *description,
                          const char *message, const char *title, const char *request_id)
{
    json_writer_member_text(body, "type", "about:blank");
    json_writer_member_text(body, "title", title);
    json_writer_member_number(body, "status", description->http_status);
    json_writer_member_text(body, "detail", message);
    json_writer_member_text(body, "code", description->public_code);
    json_writer_member_text(body, "request_id", request_id);
}

void api_reply_set_error(struct api_reply *reply, const struct error *err, enum api_error_form form,
                         const char *request_id)
{
    const struct error_description *description = error_describe(err->code);
    char message[API_ERROR_MESSAGE_MAX + 1];
    error_public_message(err, message, sizeof(message));
    api_reply_release(reply);
    api_reply_init(reply);
    reply->status = description->http_status;
    json_writer_begin_object(&reply->body);
    if (form == API_ERROR_PROBLEM) {
        reply->content_type = "application/problem+json";
        write_problem(&reply->body, description, message, http_reason(reply->status), request_id);
    } else {
        write_dcs_error(&reply->body, description, message, request_id);
    }
    json_writer_end_object(&reply->body);
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Internal Server Error";
}
