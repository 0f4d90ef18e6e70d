/* A client's connection, as far as h2o leaves it to us: counted, bounded, and ended when the server
 * stops.
 *
 * It hangs on its h2o socket and dies with it.  Loop's thread only. */
#ifndef SERVER_HTTP_CONNECTION_H
#define SERVER_HTTP_CONNECTION_H

#include "base/address.h"
#include "loop.h"

struct connection {
    h2o_linklist_t link;
    struct loop *loop;
    h2o_socket_t *socket;
    int requests;   /* in flight */
    int descriptor; /* kept for a lingering close; -1 where there is none */
};

/* Takes a fresh socket into the loop's list. */
void connection_attach(struct loop *loop, h2o_socket_t *socket);
struct connection *connection_of_request(h2o_req_t *req);
struct connection *connection_of_socket(const h2o_socket_t *socket);
/* The answer being sent is the last: the client may not have read it when h2o closes the socket. */
void connection_refuse(struct connection *connection);
/* Where it comes from; empty where that cannot be told. */
void connection_format_source(const struct connection *connection,
                              char ret_text[ADDRESS_TEXT_MAX + 1]);
/* Makes idle connections end; busy ones end after their answer. */
void connections_end_idle(struct loop *loop);

#endif
