/* The address that a webhook is sent to. */
#ifndef API_WEBHOOK_URL_H
#define API_WEBHOOK_URL_H

#include "api/operation.h"

/* Whether a worker could send to it: https, or http where that is allowed; a host, which is not an
 * address that nobody is ever sent to; neither user, password nor fragment; printable ASCII, up to
 * WEBHOOK_URL_MAX bytes.  Fails with ERROR_INVALID_PARAMETER.  What the host's name leads to is
 * looked at when it is dialled, each time. */
int webhook_url_check(struct text url, bool http_allowed, struct error *err);

#endif
