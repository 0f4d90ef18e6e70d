/* Accounting of connections through the one hook that h2o leaves free: the socket's on_close. */
#include "connection.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "linger.h"

static void on_close(void *data)
{
    struct connection *connection = data;
    h2o_linklist_unlink(&connection->link);
    atomic_fetch_sub(&connection->loop->server->connections, 1);
    if (connection->descriptor >= 0)
        linger(connection->loop, connection->descriptor);
    free(connection);
}

void connection_attach(struct loop *loop, h2o_socket_t *socket)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        abort();
    connection->loop = loop;
    connection->socket = socket;
    connection->descriptor = -1;
    h2o_linklist_insert(&loop->connections, &connection->link);
    atomic_fetch_add(&loop->server->connections, 1);
    socket->on_close.cb = on_close;
    socket->on_close.data = connection;
}

struct connection *connection_of_request(h2o_req_t *req)
{
    return connection_of_socket(req->conn->callbacks->get_socket(req->conn));
}

struct connection *connection_of_socket(const h2o_socket_t *socket)
{
    return socket->on_close.data;
}

/* By the time that on_close is called the socket's own descriptor is gone. */
void connection_refuse(struct connection *connection)
{
    if (connection->descriptor < 0)
        connection->descriptor = fcntl(h2o_socket_get_fd(connection->socket), F_DUPFD_CLOEXEC, 0);
}

void connection_format_source(const struct connection *connection,
                              char ret_text[ADDRESS_TEXT_MAX + 1])
{
    struct sockaddr_storage peer;
    struct address address;
    ret_text[0] = '\0';
    if (h2o_socket_getpeername(connection->socket, (struct sockaddr *)&peer) > 0 &&
        address_of_socket((struct sockaddr *)&peer, &address) == 0)
        address_format(&address, ret_text);
}

void connections_end_idle(struct loop *loop)
{
    h2o_linklist_t *node = loop->connections.next;
    for (; node != &loop->connections; node = node->next) {
        struct connection *connection = H2O_STRUCT_FROM_MEMBER(struct connection, link, node);
        /* h2o sees the end of its input and closes the connection itself. */
        if (connection->requests == 0)
            shutdown(h2o_socket_get_fd(connection->socket), SHUT_RD);
    }
}
