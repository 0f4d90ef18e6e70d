/* Whoever is turned away costs an accept and a close: no handshake, no memory. */
#include "acceptor.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <h2o/http1.h>

#include "base/clock.h"
#include "base/log.h"
#include "client_count.h"
#include "connection.h"

enum { ACCEPTS_AT_ONCE = 16, TURNED_AWAY_AT_ONCE = 256, SAY_EVERY_MS = 10000 };

/* Trusted proxies stand for many clients, and are not counted. */
static bool may_enter(struct loop *loop, const struct address *peer, struct client **ret_client)
{
    struct server *server = loop->server;
    struct address site = address_site(peer);
    *ret_client = NULL;
    if (atomic_load(&server->connections) >= server->connections_max) {
        loop->turned_away.full++;
        return false;
    }
    if (network_list_contains(&server->trusted_proxies, peer))
        return true;
    *ret_client =
        client_count_enter(server->clients, &site, server->config->connections_per_address_max);
    loop->turned_away.address += !*ret_client;
    return *ret_client;
}

/* With a reset, so that nothing of it stays behind. */
static void turn_away(int descriptor)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(descriptor);
}

/* Straight to HTTP/1: h2o's way to HTTP/2 is not taken, whatever was negotiated. */
static void begin_http(struct loop_listener *listener, h2o_socket_t *socket)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    connection_enter(connection_of_socket(socket), CONNECTION_WAITING);
    h2o_http1_accept(&listener->accept, socket, now);
}

static void on_handshake(h2o_socket_t *socket, const char *err)
{
    struct loop_listener *listener = socket->data;
    if (!err) {
        begin_http(listener, socket);
        return;
    }
    connection_of_socket(socket)->loop->turned_away.handshake++;
    h2o_socket_close(socket);
}

static void begin(struct loop_listener *listener, int descriptor, const struct address *peer,
                  struct client *client)
{
    struct loop *loop = listener->loop;
    h2o_socket_t *socket = h2o_evloop_socket_create(loop->h2o.loop, descriptor,
                                                    H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    struct connection *connection = connection_attach(loop, socket, peer, client);
    if (!listener->tls) {
        begin_http(listener, socket);
        return;
    }
    SSL_CTX_up_ref(listener->tls);
    connection->tls = listener->tls;
    socket->data = listener;
    h2o_socket_ssl_handshake(socket, connection->tls, NULL, on_handshake);
}

/* Level-triggered readiness would spin until one is free. */
static void pause_where_short(struct loop *loop, int number)
{
    if (number != EMFILE && number != ENFILE && number != ENOBUFS && number != ENOMEM)
        return;
    loop->accepting = false;
    loop->turned_away.short_of++;
    for (int i = 0; i < loop->listener_count; i++)
        h2o_socket_read_stop(loop->listeners[i].socket);
}

void acceptor_run(struct loop_listener *listener, int most)
{
    struct loop *loop = listener->loop;
    int turned_away = 0;
    for (int taken = 0; taken < most && turned_away < TURNED_AWAY_AT_ONCE;) {
        struct sockaddr_storage storage;
        socklen_t length = sizeof(storage);
        struct address peer = {0};
        struct client *client;
        int descriptor = accept4(h2o_socket_get_fd(listener->socket), (struct sockaddr *)&storage,
                                 &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            pause_where_short(loop, errno);
            return;
        }
        address_of_socket((struct sockaddr *)&storage, &peer);
        if (may_enter(loop, &peer, &client)) {
            begin(listener, descriptor, &peer, client);
            taken++;
        } else {
            turn_away(descriptor);
            turned_away++;
        }
    }
}

static void on_readable(h2o_socket_t *socket, const char *err)
{
    if (!err)
        acceptor_run(socket->data, ACCEPTS_AT_ONCE);
}

void acceptor_start(struct loop_listener *listener)
{
    h2o_socket_read_start(listener->socket, on_readable);
}

static void say_turned_away(struct loop *loop)
{
    struct turned_away *counts = &loop->turned_away;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < counts->said_ms + SAY_EVERY_MS)
        return;
    if (counts->full || counts->address || counts->displaced || counts->late || counts->short_of)
        LOG_WARNING("connections_turned_away", LOG_NUMBER("full", counts->full),
                    LOG_NUMBER("address", counts->address),
                    LOG_NUMBER("displaced", counts->displaced), LOG_NUMBER("late", counts->late),
                    LOG_NUMBER("handshake", counts->handshake),
                    LOG_NUMBER("refused", counts->refused),
                    LOG_NUMBER("short_of_descriptors", counts->short_of));
    *counts = (struct turned_away){.said_ms = now_ms};
}

void acceptor_tick(struct loop *loop)
{
    for (int i = 0; i < loop->listener_count && !loop->accepting; i++)
        acceptor_start(&loop->listeners[i]);
    loop->accepting = true;
    say_turned_away(loop);
}
