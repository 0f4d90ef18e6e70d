/* The life of an event loop: accept, tick, and a stop that loses nothing that was accepted. */
#include "loop.h"

#include <stdlib.h>

#include "audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "database.h"
#include "identity_service.h"
#include "linger.h"
#include "request_limits.h"

enum { TICK_MS = 100, ACCEPTS_AT_ONCE = 16, FIRST_CONNECTION_MS = 5000 };

static void accept_some(h2o_socket_t *listener, int most)
{
    struct loop_listener *self = listener->data;
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, h2o, self->accept.ctx);
    for (int i = 0; i < most; i++) {
        h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
        if (!socket)
            return;
        if (atomic_load(&loop->server->connections) >= loop->server->config->connections_max) {
            h2o_socket_close(socket);
            continue;
        }
        connection_attach(loop, socket);
        h2o_accept(&self->accept, socket);
    }
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    if (!err)
        accept_some(listener, ACCEPTS_AT_ONCE);
}

void loop_add_listener(struct loop *loop, int descriptor, SSL_CTX *tls)
{
    struct loop_listener *listener = &loop->listeners[loop->listener_count++];
    listener->descriptor = descriptor;
    listener->accept = (h2o_accept_ctx_t){
        .ctx = &loop->h2o,
        .hosts = loop->server->h2o.hosts,
        .ssl_ctx = tls,
    };
}

static void on_tick(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, tick, entry);
    for (int i = 0; i < loop->database_count; i++)
        database_tick(loop->databases[i]);
    if (loop->identity_service)
        identity_service_tick(loop->identity_service);
    audit_tick(loop->audit);
    linger_tick(loop);
    if (loop->stopping)
        connections_end_idle(loop);
    h2o_timeout_link(loop->h2o.loop, &loop->tick_interval, &loop->tick);
}

static void on_stop(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, receiver, receiver);
    while (!h2o_linklist_is_empty(messages)) {
        h2o_multithread_message_t *message =
            H2O_STRUCT_FROM_MEMBER(h2o_multithread_message_t, link, messages->next);
        h2o_linklist_unlink(&message->link);
        free(message);
    }
    if (loop->stopping)
        return;
    loop->stopping = true;
    loop->stop_deadline_ms = clock_monotonic_ms() + loop->server->config->drain_seconds * 1000;
    for (int i = 0; i < loop->listener_count; i++) {
        /* What the kernel has accepted for us already is ours to serve. */
        accept_some(loop->listeners[i].socket, (int)loop->server->config->connections_max);
        h2o_socket_close(loop->listeners[i].socket);
    }
    loop->listener_count = 0;
    h2o_context_request_shutdown(&loop->h2o);
    connections_end_idle(loop);
}

void loop_request_stop(struct loop *loop)
{
    h2o_multithread_message_t *message = calloc(1, sizeof(*message));
    if (!message)
        abort();
    h2o_multithread_send_message(&loop->receiver, message);
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
        h2o_socket_read_start(loop->listeners[i].socket, on_accept);
    pthread_barrier_wait(&loop->server->accepting);
}

/* A socket's buffers come from lists of the thread that made it, which have no lock: all that the
 * loop reads from is made on its own thread. */
static void open_sockets(struct loop *loop)
{
    h2o_context_init(&loop->h2o, h2o_evloop_create(), &loop->server->h2o);
    h2o_multithread_register_receiver(loop->h2o.queue, &loop->receiver, on_stop);
    for (int i = 0; i < loop->database_count; i++)
        loop->databases[i] =
            database_new(loop, i == 0 ? DATABASE_REQUESTS_AND_CHANGES : DATABASE_REQUESTS);
    audit_open(loop->audit);
    if (loop->server->identity)
        loop->identity_service = identity_service_new(loop, loop->server->identity);
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
    open_sockets(loop);
    begin_accepting(loop);
    while (!is_done(loop))
        h2o_evloop_run(loop->h2o.loop, TICK_MS);
    return NULL;
}

struct loop *loop_new(struct server *server)
{
    const struct config *config = server->config;
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        abort();
    loop->server = server;
    h2o_linklist_init_anchor(&loop->connections);
    h2o_linklist_init_anchor(&loop->lingering);
    loop->access_keys = access_key_cache_new(config->access_key_cache_entries,
                                             config->access_key_cache_seconds * 1000);
    loop->hasher = limits_hasher_new(server->limits);
    loop->audit = audit_new(loop);
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
    for (int i = 0; i < loop->database_count; i++)
        database_free(loop->databases[i]);
    free(loop->databases);
    audit_free(loop->audit);
    access_key_cache_free(loop->access_keys);
    keyed_hasher_free(loop->hasher);
    free(loop);
}
