/* Bodies of webhooks, read as strictly as they are obeyed. */
#ifndef API_WEBHOOK_BODY_H
#define API_WEBHOOK_BODY_H

#include "api/operation.h"

/* In the forms that the statements take; memory is the request's. */
struct webhook_body {
    const char *name, *url;
    const char *events;
    const char *kinds, *instance_ids; /* null: all */
    const char *limits;               /* a JSON array */
    bool enabled;
    bool rotate_secret;
};

/* Reads request->object.  Members that a client cannot choose, which are `secret` and `headers`,
 * are refused; what is unknown is passed over.  Fails with ERROR_INVALID_PARAMETER, whose argument
 * names the member. */
int read_webhook_body(struct api_request *request, struct webhook_body *ret_body,
                      struct error *err);

#endif
