/* The life of an event loop: accept, tick, and a stop that loses nothing that was accepted. */
#include "loop.h"

#include <stdlib.h>

#include "acceptor.h"
#include "audit.h"
#include "base/clock.h"
#include "connection.h"
#include "database.h"
#include "event_streams.h"
#include "identity_login.h"
#include "identity_service.h"
#include "linger.h"
#include "lock_queue.h"
#include "request_limits.h"

enum { TICK_MS = 100, FIRST_CONNECTION_MS = 5000, INPUT_BYTES = 4096 };

/* What another thread tells the loop: which TLS to use, or null to stop. */
struct loop_message {
    h2o_multithread_message_t super;
    SSL_CTX *tls;
};

void loop_add_listener(struct loop *loop, int descriptor, SSL_CTX *tls)
{
    struct loop_listener *listener = &loop->listeners[loop->listener_count++];
    listener->loop = loop;
    listener->descriptor = descriptor;
    listener->accept = (h2o_accept_ctx_t){.ctx = &loop->h2o, .hosts = loop->server->h2o.hosts};
    listener->tls = tls;
    if (tls)
        SSL_CTX_up_ref(tls);
}

static void count_database(struct loop *loop, bool has_database)
{
    if (has_database != loop->has_database)
        atomic_fetch_add(&loop->server->loops_with_database, has_database ? 1 : -1);
    loop->has_database = has_database;
}

static void on_tick(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, tick, entry);
    pulse_beat(&loop->pulse);
    for (int i = 0; i < loop->database_count; i++)
        database_tick(loop->databases[i]);
    count_database(loop, database_is_ready(loop));
    lock_queue_tick(loop->lock_queue);
    if (loop->identity_service)
        identity_service_tick(loop->identity_service);
    if (loop->identity_logins)
        identity_logins_tick(loop->identity_logins);
    audit_tick(loop->audit);
    event_streams_tick(loop->streams);
    linger_tick(loop);
    acceptor_tick(loop);
    connections_tick(loop);
    if (loop->stopping)
        connections_end_idle(loop);
    h2o_timeout_link(loop->h2o.loop, &loop->tick_interval, &loop->tick);
}

static void stop(struct loop *loop)
{
    if (loop->stopping)
        return;
    loop->stopping = true;
    loop->stopping_ms = clock_monotonic_ms();
    loop->stop_deadline_ms = loop->stopping_ms + loop->server->config->drain_seconds * 1000;
    for (int i = 0; i < loop->listener_count; i++) {
        struct loop_listener *listener = &loop->listeners[i];
        /* What the kernel has accepted for us already is ours to serve. */
        acceptor_run(listener, (int)loop->server->connections_max);
        h2o_socket_close(listener->socket);
    }
    loop->listener_count = 0;
    h2o_context_request_shutdown(&loop->h2o);
    event_streams_end(loop->streams);
    connections_end_idle(loop);
}

/* Takes over the reference.  Connections have their own to what they began with. */
static void use_tls(struct loop *loop, SSL_CTX *tls)
{
    for (int i = 0; i < loop->listener_count; i++) {
        struct loop_listener *listener = &loop->listeners[i];
        if (!listener->tls)
            continue;
        SSL_CTX_free(listener->tls);
        SSL_CTX_up_ref(tls);
        listener->tls = tls;
    }
    SSL_CTX_free(tls);
}

static void on_message(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, receiver, receiver);
    while (!h2o_linklist_is_empty(messages)) {
        struct loop_message *message =
            H2O_STRUCT_FROM_MEMBER(struct loop_message, super.link, messages->next);
        h2o_linklist_unlink(&message->super.link);
        if (message->tls)
            use_tls(loop, message->tls);
        else
            stop(loop);
        free(message);
    }
}

static void send_message(struct loop *loop, SSL_CTX *tls)
{
    struct loop_message *message = calloc(1, sizeof(*message));
    if (!message)
        abort();
    message->tls = tls;
    h2o_multithread_send_message(&loop->receiver, &message->super);
}

void loop_set_tls(struct loop *loop, SSL_CTX *tls)
{
    SSL_CTX_up_ref(tls);
    send_message(loop, tls);
}

void loop_request_stop(struct loop *loop)
{
    send_message(loop, NULL);
}

static bool is_done(const struct loop *loop)
{
    if (!loop->stopping)
        return false;
    return (h2o_linklist_is_empty((h2o_linklist_t *)(uintptr_t)&loop->connections) &&
            audit_is_idle(loop->audit)) ||
           clock_monotonic_ms() >= loop->stop_deadline_ms;
}

/* Clients that come first wait in the kernel's queue rather than be told that there is no database.
 */
static void begin_accepting(struct loop *loop)
{
    int64_t deadline_ms = clock_monotonic_ms() + FIRST_CONNECTION_MS;
    while (!database_is_ready(loop) && clock_monotonic_ms() < deadline_ms)
        h2o_evloop_run(loop->h2o.loop, TICK_MS);
    for (int i = 0; i < loop->listener_count; i++)
        acceptor_start(&loop->listeners[i]);
    pthread_barrier_wait(&loop->server->accepting);
}

/* A socket's buffers come from lists of the thread that made it, which have no lock: all that the
 * loop reads from is made on its own thread. */
static void open_sockets(struct loop *loop)
{
    /* What one read asks for, and all that most requests need; h2o would take twice as much. */
    h2o_socket_buffer_prototype._initial_buf.capacity = INPUT_BYTES;
    h2o_context_init(&loop->h2o, h2o_evloop_create(), &loop->server->h2o);
    h2o_multithread_register_receiver(loop->h2o.queue, &loop->receiver, on_message);
    for (int i = 0; i < loop->database_count; i++)
        loop->databases[i] =
            database_new(loop, i == 0 ? DATABASE_REQUESTS_AND_CHANGES : DATABASE_REQUESTS);
    audit_open(loop->audit);
    if (loop->server->identity)
        loop->identity_service = identity_service_new(loop, loop->server->identity);
    if (loop->server->identity && loop->server->identity->has_logins)
        loop->identity_logins = identity_logins_new(loop, loop->server->identity);
    for (int i = 0; i < loop->listener_count; i++) {
        struct loop_listener *listener = &loop->listeners[i];
        listener->socket = h2o_evloop_socket_create(loop->h2o.loop, listener->descriptor,
                                                    H2O_SOCKET_FLAG_DONT_READ);
        listener->socket->data = listener;
    }
    h2o_timeout_init(loop->h2o.loop, &loop->tick_interval, TICK_MS);
    loop->tick.cb = on_tick;
    on_tick(&loop->tick);
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    pulse_begin(&loop->pulse, "loop", loop->number, loop->server->config->stuck_seconds * 1000);
    open_sockets(loop);
    begin_accepting(loop);
    while (!is_done(loop))
        h2o_evloop_run(loop->h2o.loop, TICK_MS);
    pulse_end(&loop->pulse);
    return NULL;
}

struct loop *loop_new(struct server *server, int number, int64_t unproved_max)
{
    const struct config *config = server->config;
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        abort();
    loop->server = server;
    loop->number = number;
    h2o_linklist_init_anchor(&loop->connections);
    h2o_linklist_init_anchor(&loop->unproved);
    loop->unproved_max = unproved_max;
    loop->next_deadline_ms = INT64_MAX;
    loop->accepting = true;
    loop->turned_away.said_ms = clock_monotonic_ms();
    h2o_linklist_init_anchor(&loop->lingering);
    loop->access_keys = access_key_cache_new(config->access_key_cache_entries,
                                             config->access_key_cache_seconds * 1000);
    loop->hasher = limits_hasher_new(server->limits);
    loop->lock_queue = lock_queue_new(loop);
    loop->audit = audit_new(loop);
    loop->streams = event_streams_new(loop);
    loop->database_count = (int)config->database_connections;
    loop->databases = calloc((size_t)loop->database_count, sizeof(*loop->databases));
    if (!loop->databases)
        abort();
    return loop;
}

void loop_start(struct loop *loop)
{
    if (pthread_create(&loop->thread, NULL, run, loop) != 0)
        abort();
}

void loop_free(struct loop *loop)
{
    linger_end(loop);
    identity_service_free(loop->identity_service);
    identity_logins_free(loop->identity_logins);
    lock_queue_close(loop->lock_queue);
    for (int i = 0; i < SERVER_LISTENERS_MAX; i++)
        SSL_CTX_free(loop->listeners[i].tls);
    for (int i = 0; i < loop->database_count; i++)
        database_free(loop->databases[i]);
    free(loop->databases);
    event_streams_free(loop->streams);
    lock_queue_free(loop->lock_queue);
    audit_free(loop->audit);
    access_key_cache_free(loop->access_keys);
    keyed_hasher_free(loop->hasher);
    free(loop);
}
