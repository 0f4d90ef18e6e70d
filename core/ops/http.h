/* A small HTTP/1.1 server for operations.c, on libmicrohttpd: one thread, GET and HEAD, one request
 * a connection, and bounds on everything: connections in all and of an address, their memory, and
 * their whole time. */
#ifndef OPS_HTTP_H
#define OPS_HTTP_H

#include <stddef.h>

#include "base/error.h"

enum {
    OPS_CONNECTIONS_MAX = 64,
    OPS_CONNECTIONS_PER_ADDRESS_MAX = 16,
    OPS_CONNECTION_BYTES = 16 * 1024,
    OPS_CONNECTION_SECONDS = 5, /* of silence */
    OPS_CONNECTION_MS = 10000,  /* all in all */
};

/* Filled in by the handler; body comes from malloc, and is taken over. */
struct ops_answer {
    int status;
    const char *type; /* a constant */
    char *body;
    size_t length;
};

/* accept is the request's header, or empty.  On the server's thread; must not block. */
typedef void ops_handler_fn(void *argument, const char *path, const char *accept,
                            struct ops_answer *ret_answer);

struct ops_http;

/* Takes over a listening socket. */
int ops_http_open(int descriptor, ops_handler_fn *handler, void *argument,
                  struct ops_http **ret_http, struct error *err);
void ops_http_close(struct ops_http *http);

/* Ends connections that have lasted for OPS_CONNECTION_MS; to be called now and then.  Any thread.
 */
void ops_http_end_late(struct ops_http *http);

#endif
