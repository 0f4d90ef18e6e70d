/* The gate's place between a socket and h2o. */
#include "request.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "connection.h"
#include "h2o_answer.h"

typedef void read_start_fn(h2o_socket_t *socket, h2o_socket_cb callback);

/* The library's own; set before any loop runs. */
static read_start_fn *library_read_start;

void request_init(void)
{
    void *found = dlsym(RTLD_NEXT, "h2o_socket_read_start");
    if (!found)
        abort();
    memcpy(&library_read_start, &found, sizeof(library_read_start));
}

static void on_refusal_sent(h2o_socket_t *socket, const char *err)
{
    connection_of_socket(socket)->on_read(socket, err ? err : "refused");
}

/* h2o is told of nothing but the end: after the answer it closes the socket as if the client had.
 */
static void refuse(struct connection *connection, const struct error *err)
{
    acceptor_note_turned_away(connection->loop, TURNED_AWAY_REFUSED);
    connection_enter(connection, CONNECTION_ENDING);
    connection_refuse(connection);
    h2o_socket_read_stop(connection->socket);
    h2o_answer_error(connection, connection->loop->framing.target, err, on_refusal_sent);
}

/* Puts what was kept from h2o in front of what has come since. */
static void give_back(struct connection *connection)
{
    h2o_buffer_t **input = &connection->socket->input;
    if (!connection->held)
        return;
    if ((*input)->size > 0) {
        h2o_iovec_t room = h2o_buffer_reserve(&connection->held, (*input)->size);
        memcpy(room.base, (*input)->bytes, (*input)->size);
        connection->held->size += (*input)->size;
    }
    h2o_buffer_dispose(input);
    *input = connection->held;
    connection->held = NULL;
}

static int read_fresh(struct connection *connection, size_t fresh, struct error *err)
{
    static const enum connection_phase phases[] = {
        [GATE_HEAD] = CONNECTION_HEAD,
        [GATE_BODY] = CONNECTION_BODY,
        [GATE_OPEN] = CONNECTION_ANSWER,
    };
    const h2o_buffer_t *input = connection->socket->input;
    struct text text = {input->bytes, input->size};
    struct loop *loop = connection->loop;
    bool has_no_head = connection->gate.state == GATE_HEAD;
    if (gate_read(&connection->gate, text, fresh, &loop->framing, err) < 0)
        return -1;
    if (has_no_head && connection->gate.state != GATE_HEAD)
        loop->framed = connection;
    enum connection_phase phase = phases[connection->gate.state];
    if (connection->phase < phase)
        connection_enter(connection, phase);
    return 0;
}

static void on_readable(h2o_socket_t *socket, const char *failure)
{
    struct connection *connection = connection_of_socket(socket);
    struct loop *loop = connection->loop; /* the connection may be gone in the end */
    struct error err = {0};
    if (failure) {
        connection->on_read(socket, failure);
        return;
    }
    if (connection->phase == CONNECTION_WAITING)
        connection_enter(connection, CONNECTION_HEAD);
    give_back(connection);
    if (read_fresh(connection, socket->bytes_read, &err) < 0)
        refuse(connection, &err);
    else if (connection->gate.state != GATE_HEAD)
        connection->on_read(socket, NULL);
    loop->framed = NULL;
}

/* What a client sent behind its last request is looked at by h2o right after this. */
static void begin(struct connection *connection)
{
    h2o_buffer_t **input = &connection->socket->input;
    struct error err = {0};
    connection->gate = (struct gate){0};
    connection_enter(connection, CONNECTION_WAITING);
    if ((*input)->size == 0)
        return;
    connection_enter(connection, CONNECTION_HEAD);
    if (read_fresh(connection, (*input)->size, &err) < 0) {
        refuse(connection, &err);
        h2o_buffer_consume(input, (*input)->size);
    } else if (connection->gate.state == GATE_HEAD) {
        connection->held = *input;
        h2o_buffer_init(input, &h2o_socket_buffer_prototype);
    }
    /* When h2o comes to it, another head may have been read. */
    connection->loop->framed = NULL;
}

void h2o_socket_read_start(h2o_socket_t *socket, h2o_socket_cb callback)
{
    struct connection *connection = connection_of_socket(socket);
    if (!connection || connection->phase == CONNECTION_HANDSHAKE) {
        library_read_start(socket, callback);
        return;
    }
    connection->on_read = callback;
    library_read_start(socket, on_readable);
    /* Else it only goes on with a body, after 100 Continue. */
    if (connection->phase != CONNECTION_BODY)
        begin(connection);
}
