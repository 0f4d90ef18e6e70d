/* A request as a span of a trace, with a child for each statement that it waited for.
 *
 * Names are those of OpenTelemetry's semantic conventions for HTTP servers and for databases.  What
 * clients typed is not in it: neither `url.path`, whose template `http.route` is, nor headers nor
 * addresses.  Nothing of it is done for a request that is not sampled.  Loop's thread only. */
#ifndef SERVER_HTTP_REQUEST_SPAN_H
#define SERVER_HTTP_REQUEST_SPAN_H

#include "exchange_state.h"

/* Joins the trace that the request names in its `traceparent`, or begins one. */
void request_span_begin(struct exchange *exchange);

/* The exchange's statement has been sent, and is answered: err is null where that went well. */
void request_span_send(struct exchange *exchange);
void request_span_receive(struct exchange *exchange, const struct error *err);

/* The request is answered with that status. */
void request_span_end(struct exchange *exchange, int status, const struct error *err);

#endif
