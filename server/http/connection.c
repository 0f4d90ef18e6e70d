/* Accounting of connections through the one hook that h2o leaves free: the socket's on_close. */
#include "connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "acceptor.h"
#include "base/clock.h"
#include "client_address.h"
#include "linger.h"

/* ENDING_MS also is when one that did not end is told so again. */
enum { ENDING_MS = 5000, CANDIDATES = 32, FIRST_REQUEST_MS = 2000 };

static void leave_unproved(struct connection *connection)
{
    if (!h2o_linklist_is_linked(&connection->unproved))
        return;
    h2o_linklist_unlink(&connection->unproved);
    connection->loop->unproved_count--;
}

static void on_close(void *data)
{
    struct connection *connection = data;
    struct server *server = connection->loop->server;
    h2o_linklist_unlink(&connection->link);
    leave_unproved(connection);
    atomic_fetch_sub(&server->connections, 1);
    metric_add(&metric_connections, 0, 0, -1);
    if (connection->client)
        client_count_leave(server->clients, connection->client);
    if (connection->descriptor >= 0)
        linger(connection->loop, connection->descriptor);
    if (connection->held)
        h2o_buffer_dispose(&connection->held);
    SSL_CTX_free(connection->tls);
    free(connection->answer);
    free(connection);
}

/* A client that means well needs milliseconds to show who it is, and few connections: of the
 * oldest, one of the client that has the most goes. */
static void make_room(struct loop *loop)
{
    if (loop->unproved_count <= loop->unproved_max)
        return;
    struct connection *chosen = NULL;
    h2o_linklist_t *node = loop->unproved.next;
    for (int i = 0; i < CANDIDATES && node != &loop->unproved; i++, node = node->next) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, unproved, node);
        if (!chosen || client_connections(connection->client) > client_connections(chosen->client))
            chosen = connection;
    }
    acceptor_note_turned_away(loop, TURNED_AWAY_DISPLACED);
    connection_end(chosen);
}

struct connection *connection_attach(struct loop *loop, h2o_socket_t *socket,
                                     const struct address *peer, struct client *client)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        abort();
    connection->loop = loop;
    connection->socket = socket;
    connection->descriptor = -1;
    connection->peer = *peer;
    connection->client = client;
    connection->request_deadline_ms =
        clock_monotonic_ms() + loop->server->config->request_timeout_ms;
    h2o_linklist_insert(&loop->connections, &connection->link);
    atomic_fetch_add(&loop->server->connections, 1);
    metric_add(&metric_connections, 0, 0, 1);
    metric_count(&metric_connections_accepted, 0, 0);
    socket->on_close.cb = on_close;
    socket->on_close.data = connection;
    connection_enter(connection, CONNECTION_HANDSHAKE);
    if (!client)
        return connection;
    h2o_linklist_insert(&loop->unproved, &connection->unproved);
    loop->unproved_count++;
    make_room(loop);
    return connection;
}

struct connection *connection_of_socket(const h2o_socket_t *socket)
{
    return socket->on_close.cb == on_close ? socket->on_close.data : NULL;
}

struct connection *connection_of_request(h2o_req_t *req)
{
    return connection_of_socket(req->conn->callbacks->get_socket(req->conn));
}

struct address connection_client_address(const struct connection *connection,
                                         const struct framing *framing)
{
    return client_address_find(&connection->peer, &connection->loop->server->trusted_proxies,
                               framing->headers, framing->header_count);
}

static void set_deadline(struct connection *connection, int64_t deadline_ms)
{
    struct loop *loop = connection->loop;
    connection->deadline_ms = deadline_ms;
    if (deadline_ms < loop->next_deadline_ms)
        loop->next_deadline_ms = deadline_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void connection_enter(struct connection *connection, enum connection_phase phase)
{
    const struct config *config = connection->loop->server->config;
    int64_t now_ms = clock_monotonic_ms();
    connection->phase = phase;
    switch (phase) {
    case CONNECTION_HANDSHAKE:
        set_deadline(connection, now_ms + config->head_timeout_ms);
        break;
    case CONNECTION_WAITING:
        if (connection->has_answered)
            set_deadline(connection, now_ms + config->idle_timeout_ms);
        break;
    case CONNECTION_HEAD:
        /* The first head has the rest of the time that the handshake began with. */
        if (!connection->has_answered)
            break;
        connection->request_deadline_ms = now_ms + config->request_timeout_ms;
        set_deadline(connection,
                     earlier(connection->request_deadline_ms, now_ms + config->head_timeout_ms));
        break;
    case CONNECTION_BODY:
        set_deadline(connection,
                     earlier(connection->request_deadline_ms, now_ms + config->body_timeout_ms));
        break;
    case CONNECTION_ANSWER:
        connection->has_answered = true;
        set_deadline(connection, connection->request_deadline_ms);
        break;
    case CONNECTION_STREAM:
        set_deadline(connection, now_ms + STREAM_TAKEN_MS);
        break;
    case CONNECTION_ENDING:
        set_deadline(connection, now_ms + ENDING_MS);
        break;
    }
}

void connection_prove(struct connection *connection)
{
    leave_unproved(connection);
}

/* By the time that on_close is called the socket's own descriptor is gone. */
void connection_refuse(struct connection *connection)
{
    if (connection->descriptor < 0)
        connection->descriptor = fcntl(h2o_socket_get_fd(connection->socket), F_DUPFD_CLOEXEC, 0);
}

/* h2o finds the end of its input, or cannot write, and closes the socket; where it does neither, it
 * waits for the database, and finds out when it answers.  What the kernel still has to send is
 * dropped with the socket. */
void connection_end(struct connection *connection)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    int descriptor = h2o_socket_get_fd(connection->socket);
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    shutdown(descriptor, SHUT_RDWR);
    leave_unproved(connection);
    connection_enter(connection, CONNECTION_ENDING);
}

/* An idle one has had all its answers: h2o sees the end of its input, and closes it in good order.
 */
static void end_late(struct connection *connection)
{
    if (connection->phase != CONNECTION_WAITING) {
        if (connection->phase != CONNECTION_ENDING)
            acceptor_note_turned_away(connection->loop, TURNED_AWAY_LATE);
        connection_end(connection);
        return;
    }
    shutdown(h2o_socket_get_fd(connection->socket), SHUT_RD);
    connection_enter(connection, CONNECTION_ENDING);
}

void connections_tick(struct loop *loop)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < loop->next_deadline_ms)
        return;
    loop->next_deadline_ms = INT64_MAX;
    h2o_linklist_t *node = loop->connections.next;
    for (; node != &loop->connections; node = node->next) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, link, node);
        if (connection->deadline_ms <= now_ms)
            end_late(connection);
        loop->next_deadline_ms = earlier(loop->next_deadline_ms, connection->deadline_ms);
    }
}

void connection_format_source(const struct connection *connection, const struct framing *framing,
                              char ret_text[ADDRESS_TEXT_MAX + 1])
{
    struct address client = connection_client_address(connection, framing);
    address_format(&client, ret_text);
}

/* One that is fresh is about to bring the request that it was made for. */
static bool is_idle(const struct connection *connection, int64_t now_ms)
{
    bool is_fresh =
        !connection->has_answered && now_ms - connection->loop->stopping_ms < FIRST_REQUEST_MS;
    return connection->phase <= CONNECTION_WAITING && connection->requests == 0 && !is_fresh;
}

void connections_end_idle(struct loop *loop)
{
    int64_t now_ms = clock_monotonic_ms();
    h2o_linklist_t *node = loop->connections.next;
    for (; node != &loop->connections; node = node->next) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, link, node);
        /* h2o sees the end of its input and closes the connection itself. */
        if (is_idle(connection, now_ms))
            shutdown(h2o_socket_get_fd(connection->socket), SHUT_RD);
    }
}
