/* A client's connection: counted, bounded in time, and ended when the server stops.
 *
 * It hangs on its h2o socket and dies with it.  h2o 2.2.5 has one time-out for an idle connection,
 * a head and a body together, and none for a client that does not take its answer; so every
 * connection has a deadline here, whatever it is doing.  Loop's thread only. */
#ifndef SERVER_HTTP_CONNECTION_H
#define SERVER_HTTP_CONNECTION_H

#include "client_count.h"
#include "framing.h"
#include "gate.h"
#include "loop.h"

/* Time for a client to take a piece of a stream, which is never silent for so long. */
enum { STREAM_TAKEN_MS = 30000 };

enum connection_phase {
    CONNECTION_HANDSHAKE,
    CONNECTION_WAITING, /* for a request's first byte */
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_ANSWER, /* it is worked on, or sent */
    CONNECTION_STREAM, /* a piece of a stream is to be taken; entered anew for each */
    CONNECTION_ENDING,
};

struct connection {
    h2o_linklist_t link;
    h2o_linklist_t unproved; /* linked until its client has shown who it is */
    struct loop *loop;
    h2o_socket_t *socket;
    SSL_CTX *tls;          /* a reference, as h2o keeps the pointer alone; null without TLS */
    struct address peer;   /* who is at the other end; :: where that cannot be told */
    struct client *client; /* who it is counted with; null for a trusted proxy */
    bool has_answered;     /* a first request is behind it */
    enum connection_phase phase;
    int64_t deadline_ms, request_deadline_ms;
    int requests;   /* in flight */
    int descriptor; /* kept for a lingering close; -1 where there is none */
    char *answer;   /* one that h2o did not make, while it is sent */
    /* What request.c reads before h2o does. */
    struct gate gate;
    h2o_socket_cb on_read; /* h2o's */
    h2o_buffer_t *held;    /* a head's beginning that h2o is not to see yet; may be null */
};

/* Takes a fresh socket into the loop's list; it has been admitted (acceptor.c). */
struct connection *connection_attach(struct loop *loop, h2o_socket_t *socket,
                                     const struct address *peer, struct client *client);
/* Null for a socket that is no client's. */
struct connection *connection_of_socket(const h2o_socket_t *socket);
struct connection *connection_of_request(h2o_req_t *req);

/* Who sent the request that framing belongs to; `trusted_proxies` tells whom to believe. */
struct address connection_client_address(const struct connection *connection,
                                         const struct framing *framing);
void connection_format_source(const struct connection *connection, const struct framing *framing,
                              char ret_text[ADDRESS_TEXT_MAX + 1]);

/* What it is about from now on; its deadline follows from that. */
void connection_enter(struct connection *connection, enum connection_phase phase);
/* Its client has shown who it is: it is not one of those that make room for others. */
void connection_prove(struct connection *connection);

/* The answer being sent is the last: the client may not have read it when h2o closes the socket. */
void connection_refuse(struct connection *connection);
/* Ends it now, with whatever is being sent. */
void connection_end(struct connection *connection);

/* Ends those that are late. */
void connections_tick(struct loop *loop);
/* Makes idle connections end, fresh ones a moment after the loop began to stop; busy ones end after
 * their answer. */
void connections_end_idle(struct loop *loop);

#endif
