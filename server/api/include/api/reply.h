/* A reply on its way: status and JSON body. */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "base/error.h"
#include "base/json_writer.h"

enum {
    HTTP_OK = 200,
    HTTP_CREATED = 201,
    HTTP_ACCEPTED = 202,
    HTTP_NO_CONTENT = 204,
    HTTP_NOT_MODIFIED = 304
};

/* The public contract allows this much for error_msg. */
enum { API_ERROR_MESSAGE_MAX = 1024 };

enum { API_ETAG_MAX = 24, API_HEADER_MAX = 160, API_SUBJECT_MAX = 36 };

/* How an error is written. */
enum api_error_form {
    API_ERROR_DCS,    /* the public contract's */
    API_ERROR_PROBLEM /* RFC 9457 */
};

struct api_reply {
    int status;
    const char *content_type;
    struct json_writer body;     /* empty with HTTP_NO_CONTENT */
    char etag[API_ETAG_MAX + 1]; /* empty: none, as are the two below */
    char location[API_HEADER_MAX + 1];
    char disposition[API_HEADER_MAX + 1];
    char subject[API_SUBJECT_MAX + 1]; /* id of what was made, for the audit log; not sent */
};

/* The reason phrase of a status that we send (RFC 9110, RFC 6585). */
const char *http_reason(int status);

void api_reply_init(struct api_reply *reply);
void api_reply_release(struct api_reply *reply);

/* The version of what the reply shows, to be sent back in If-Match. */
void api_reply_set_version(struct api_reply *reply, int64_t version);

/* The id of what was made. */
void api_reply_set_subject(struct api_reply *reply, const char *id);

/* Makes it the reply for an error: `{"error_code", "error_msg"}`, and `request_id` for those of the
 * authentication and throttling layer; or a problem. */
void api_reply_set_error(struct api_reply *reply, const struct error *err, enum api_error_form form,
                         const char *request_id);

#endif
