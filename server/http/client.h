/* HTTP requests that a loop makes itself, by libcurl's multi interface in h2o's loop.
 *
 * Nothing blocks: names are resolved on threads of libcurl's own.  Connections are kept for the
 * next request.  What ops/outgoing.h says of requests counts for these.  Loop's thread only. */
#ifndef SERVER_HTTP_CLIENT_H
#define SERVER_HTTP_CLIENT_H

#include "base/error.h"
#include "base/text.h"
#include "loop.h"

/* Bound of an answer's body; those of its head and of connecting are OUTGOING_*. */
enum { CLIENT_BODY_MAX = 256 * 1024 };
enum { CLIENT_HEADERS_MAX = 4, CLIENT_HEADER_VALUE_MAX = 8192, CLIENT_CONNECTIONS_KEPT = 64 };

struct client;

struct client_request {
    const char *url;
    struct {
        const char *name; /* null ends the list */
        const char *value;
    } headers[CLIENT_HEADERS_MAX];
    const char *body;          /* JSON to be POSTed, which lives until the answer; null: a GET */
    const char *wanted_header; /* of the answer, in lower case; or null */
    int64_t timeout_ms;        /* of it all, at least 1; up to 100 ms more pass */
};

struct client_answer {
    int status;
    struct text body;
    struct text header; /* the wanted one; empty where there is none, or it is too long */
};

/* answer is null on failure, and err then says why.  What it holds is gone afterwards. */
typedef void client_done_fn(void *argument, const struct client_answer *answer,
                            const struct error *err);

/* ca is a file of certificates that outlives the client; null is the system's. */
struct client *client_new(struct loop *loop, const char *ca);
/* What is in flight is not answered any more. */
void client_free(struct client *client);

/* Sends; done is called later, from the loop, exactly once.  The request is copied but for its
 * body. */
void client_send(struct client *client, const struct client_request *request, client_done_fn *done,
                 void *argument);

/* A few times a second: time-outs. */
void client_tick(struct client *client);

#endif
