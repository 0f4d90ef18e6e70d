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

void acceptor_note_turned_away(struct loop *loop, enum turned_away_reason reason)
{
    loop->turned_away.counts[reason]++;
    metric_count(&metric_turned_away, (int)reason, 0);
}

/* Trusted proxies stand for many clients, and are not counted. */
static bool may_enter(struct loop *loop, const struct address *peer, struct client **ret_client)
{
    struct server *server = loop->server;
    struct address site = address_site(peer);
    *ret_client = NULL;
    if (atomic_load(&server->connections) >= server->connections_max) {
        acceptor_note_turned_away(loop, TURNED_AWAY_FULL);
        return false;
    }
    if (network_list_contains(&server->trusted_proxies, peer))
        return true;
    *ret_client =
        client_count_enter(server->clients, &site, server->config->connections_per_address_max);
    if (!*ret_client)
        acceptor_note_turned_away(loop, TURNED_AWAY_ADDRESS);
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
        bool resumed = h2o_socket_get_ssl_session_reused(socket) == 1;
        metric_count(&metric_handshakes, resumed ? HANDSHAKE_RESUMED : HANDSHAKE_FULL, 0);
        begin_http(listener, socket);
        return;
    }
    metric_count(&metric_handshakes, HANDSHAKE_FAILED, 0);
    acceptor_note_turned_away(listener->loop, TURNED_AWAY_HANDSHAKE);
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
    acceptor_note_turned_away(loop, TURNED_AWAY_SHORT_OF);
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

/* Handshakes and requests that fail are every scanner's: they are told with others only. */
static bool is_worth_a_line(const int64_t counts[TURNED_AWAY_REASON_COUNT])
{
    return counts[TURNED_AWAY_FULL] || counts[TURNED_AWAY_ADDRESS] ||
           counts[TURNED_AWAY_DISPLACED] || counts[TURNED_AWAY_LATE] ||
           counts[TURNED_AWAY_SHORT_OF];
}

static void say_turned_away(struct loop *loop)
{
    const int64_t *counts = loop->turned_away.counts;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < loop->turned_away.said_ms + SAY_EVERY_MS)
        return;
    if (is_worth_a_line(counts))
        LOG_WARNING("connections_turned_away", LOG_NUMBER("full", counts[TURNED_AWAY_FULL]),
                    LOG_NUMBER("address", counts[TURNED_AWAY_ADDRESS]),
                    LOG_NUMBER("displaced", counts[TURNED_AWAY_DISPLACED]),
                    LOG_NUMBER("late", counts[TURNED_AWAY_LATE]),
                    LOG_NUMBER("handshake", counts[TURNED_AWAY_HANDSHAKE]),
                    LOG_NUMBER("refused", counts[TURNED_AWAY_REFUSED]),
                    LOG_NUMBER("short_of_descriptors", counts[TURNED_AWAY_SHORT_OF]));
    loop->turned_away = (struct turned_away){.said_ms = now_ms};
}

void acceptor_tick(struct loop *loop)
{
    for (int i = 0; i < loop->listener_count && !loop->accepting; i++)
        acceptor_start(&loop->listeners[i]);
    loop->accepting = true;
    say_turned_away(loop);
}
