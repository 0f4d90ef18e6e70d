/* A reply on its way: status and JSON body. */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "base/error.h"
#include "base/json_writer.h"

enum { HTTP_OK = 200, HTTP_NO_CONTENT = 204 };

/* The public contract allows this much for error_msg. */
enum { API_ERROR_MESSAGE_MAX = 1024 };

struct api_reply {
    int status;
    struct json_writer body; /* empty with HTTP_NO_CONTENT */
};

void api_reply_init(struct api_reply *reply);
void api_reply_release(struct api_reply *reply);

/* Makes it the reply for an error: `{"error_code", "error_msg"}`, and `request_id` for those of the
 * authentication and throttling layer. */
void api_reply_set_error(struct api_reply *reply, const struct error *err, const char *request_id);

#endif
