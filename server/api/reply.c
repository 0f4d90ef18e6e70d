/* Replies: what a client gets, success or error, before HTTP. */
#include "api/reply.h"

#include <string.h>

void api_reply_init(struct api_reply *reply)
{
    reply->status = HTTP_OK;
    json_writer_init(&reply->body);
}

void api_reply_release(struct api_reply *reply)
{
    json_writer_release(&reply->body);
}

void api_reply_set_error(struct api_reply *reply, const struct error *err, const char *request_id)
{
    const struct error_description *description = error_describe(err->code);
    char message[API_ERROR_MESSAGE_MAX + 1];
    error_public_message(err, message, sizeof(message));
    json_writer_release(&reply->body);
    api_reply_init(reply);
    reply->status = description->http_status;
    json_writer_begin_object(&reply->body);
    json_writer_member_text(&reply->body, "error_code", description->public_code);
    json_writer_member_text(&reply->body, "error_msg", message);
    if (strncmp(description->public_code, "APIGW.", strlen("APIGW.")) == 0)
        json_writer_member_text(&reply->body, "request_id", request_id);
    json_writer_end_object(&reply->body);
}
