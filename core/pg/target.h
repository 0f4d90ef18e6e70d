/* A connection string taken apart: which hosts there are, and how to connect to one of them.
 *
 * libpq would try the hosts of a string by itself, but looks names up on the calling thread and
 * leaves the time for each host to a caller that does not block; so it is given one address at a
 * time.  A target is constant once it is made. */
#ifndef PG_TARGET_H
#define PG_TARGET_H

#include <stdbool.h>

#include "libpq.h"

struct pg_host {
    char *name;    /* of a host, or a socket's directory; empty is libpq's default */
    char *address; /* null where it was not given */
    char *port;    /* null is libpq's default */
};

struct pg_target {
    int host_count;
    struct pg_host *hosts;
    int connect_timeout_ms; /* for looking a name up, and for each address */
    const char *session;    /* target_session_attrs */
    PQconninfoOption *options;
    PQconninfoOption *defaults;
    char *application;
    char *server_options;
};

/* ERROR_CONFIG where the string is none, never with what it holds.  Freed by pg_target_free. */
int pg_target_new(const char *uri, const char *application, int statement_timeout_ms,
                  int lock_timeout_ms, struct pg_target **ret_target, struct error *err);
void pg_target_free(struct pg_target *target);

/* Whether an open connection is still what target_session_attrs asks for: a server that was demoted
 * says so with the next answer. */
bool pg_target_accepts(const struct pg_target *target, const PGconn *connection);

/* Begins to connect; address is null where the host has none, password where it is the string's
 * that counts.  The caller finishes what is
 * returned; never null. */
PGconn *pg_target_connect(const struct pg_target *target, const struct pg_host *host,
                          const char *address, const char *password);

#endif
