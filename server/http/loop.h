/* One event loop of the server: a thread that owns its sockets, database connections and caches.
 *
 * Nothing is shared between loops but what `struct server` holds, which is read-only once they run,
 * but for its counter of connections and its limits (request_limits.h), which lock for themselves.
 */
#ifndef SERVER_HTTP_LOOP_H
#define SERVER_HTTP_LOOP_H

#include <h2o.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/operation.h"
#include "auth/access_key_cache.h"
#include "base/address.h"
#include "base/config.h"
#include "base/pulse.h"
#include "base/secret.h"
#include "framing.h"
#include "pg/statement.h"
#include "server_metrics.h"

enum { SERVER_LISTENERS_MAX = 2, SERVER_STATEMENTS_MAX = 64 };

struct audit;
struct client_count;
struct connection;
struct database;
struct document_set;
struct event_streams;
struct exporter;
struct keyed_hasher;
struct limits;
struct lock_queue;
struct identity_logins;
struct identity_service;
struct identity_settings;
struct operations;
struct stream_count;
struct tls_files;

/* What all loops share. */
struct server {
    const struct config *config;
    struct keyring *keyring; /* main refreshes it, and these passwords */
    struct pg_login database, audit_database;
    struct api_context api;
    struct document_set *documents;
    struct limits *limits;
    struct network_list trusted_proxies;
    struct identity_settings *identity; /* null: tokens are refused */
    h2o_globalconf_t h2o;
    struct tls_files *tls; /* null without HTTPS; of the thread that waits for signals */
    struct client_count *clients;
    struct stream_count *streams;
    int64_t connections_max; /* as many as the setting and the descriptors allow */
    int statement_count;
    const struct pg_statement *statements[SERVER_STATEMENTS_MAX];
    atomic_long connections;
    struct operations *operations; /* null: nobody asks */
    struct exporter *exporter;     /* of traces; null: none are sent */
    int loop_count;
    atomic_int loops_with_database;
    atomic_bool draining;        /* it is to stop: answers end their connections */
    pthread_barrier_t accepting; /* passed by main and by each loop once it accepts */
};

/* Connections that were not served to their end, by reason, since it was said last. */
struct turned_away {
    int64_t said_ms;
    int64_t counts[TURNED_AWAY_REASON_COUNT];
};

struct loop {
    h2o_context_t h2o; /* first: a request leads to its loop through its context */
    struct server *server;
    int number; /* from 0 on */
    pthread_t thread;
    struct pulse pulse;
    bool has_database; /* as it is counted in the server */
    h2o_multithread_receiver_t receiver;
    h2o_timeout_t tick_interval;
    h2o_timeout_entry_t tick;
    int listener_count;
    struct loop_listener {
        struct loop *loop;
        int descriptor;
        h2o_socket_t *socket;
        h2o_accept_ctx_t accept;
        SSL_CTX *tls; /* a reference, of new connections; null for plain HTTP */
    } listeners[SERVER_LISTENERS_MAX];
    bool accepting;
    h2o_linklist_t connections; /* of struct connection */
    h2o_linklist_t unproved;    /* those of them that may be displaced, the oldest first */
    int64_t unproved_count, unproved_max;
    int64_t next_deadline_ms; /* no connection is late before it */
    /* The head that h2o is being given, so that its request need not be read again.  Text points
     * into the connection's input; null while there is none. */
    const struct connection *framed;
    struct framing framing;
    struct turned_away turned_away;
    h2o_linklist_t lingering; /* of what linger.c keeps */
    int lingering_count;
    struct access_key_cache *access_keys;
    struct keyed_hasher *hasher;               /* of the limits */
    struct identity_service *identity_service; /* null: tokens are refused */
    struct identity_logins *identity_logins;   /* null: there are no log-ins */
    int database_count;
    struct database **databases;
    struct lock_queue *lock_queue;
    struct audit *audit;
    struct event_streams *streams;
    bool stopping;
    int64_t stopping_ms; /* since when */
    int64_t stop_deadline_ms;
};

/* Adds a listening socket before the loop runs; tls is null for plain HTTP, and referred to.  The
 * loop owns the socket, and accepts once it has a database connection. */
void loop_add_listener(struct loop *loop, int descriptor, SSL_CTX *tls);

/* A loop that is not running yet; freed by loop_free after its thread has been joined.  Past
 * unproved_max connections whose client has not shown who it is, the oldest of them makes room. */
struct loop *loop_new(struct server *server, int number, int64_t unproved_max);
void loop_free(struct loop *loop);

/* Starts the loop's thread. */
void loop_start(struct loop *loop);
/* From any thread: new connections of its TLS listener get this one, which it refers to. */
void loop_set_tls(struct loop *loop, SSL_CTX *tls);
/* From any thread: accept no more, finish what is in flight, then end. */
void loop_request_stop(struct loop *loop);

static inline struct loop *loop_of_request(const h2o_req_t *req)
{
    return (struct loop *)req->conn->ctx;
}

#endif
