/* h2o 2.2.5 answers some requests before any handler of ours runs.
 *
 * What it could object to has been refused before it saw it (request.c).  Should it object to
 * something else: requests that it can parse go through the host's fall-back path, where a filter
 * replaces the body.  For a head that it cannot parse it writes a fixed text to the socket, past
 * every filter; that one write is caught by defining h2o_socket_write here, which the dynamic
 * linker prefers to the library's own. */
#include "h2o_answer.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl3.h>

#include "api/reply.h"
#include "api/route.h"
#include "base/log.h"
#include "base/secret.h"
#include "connection.h"

void request_id_generate(char ret_id[UUID_HEX_LENGTH + 1])
{
    struct uuid uuid;
    uuid_generate(&uuid);
    uuid_format_hex(&uuid, ret_id);
}

/* A connection that has written so much gets the largest records from h2o. */
enum { WRITTEN_MUCH = 1024 * 1024 };

typedef void socket_write_fn(h2o_socket_t *socket, h2o_iovec_t *bufs, size_t count,
                             h2o_socket_cb done);

/* The library's own; set before any loop runs. */
static socket_write_fn *library_write;

struct replaced_body {
    h2o_ostream_t super;
    h2o_iovec_t body;
};

static void send_replaced(h2o_ostream_t *stream, h2o_req_t *req, h2o_iovec_t *bufs, size_t count,
                          h2o_send_state_t state)
{
    struct replaced_body *self = (struct replaced_body *)stream;
    (void)bufs;
    (void)count;
    bool last = state == H2O_SEND_STATE_FINAL;
    h2o_ostream_send_next(&self->super, req, last ? &self->body : NULL, last, state);
}

static void error_of_status(int status, struct error *err)
{
    if (status == 413)
        error_set(err, ERROR_BODY_TOO_LARGE, "body too large");
    else if (status == 404)
        error_set(err, ERROR_UNKNOWN_PATH, "no such path");
    else
        error_set_public(err, ERROR_INVALID_PARAMETER, "message body");
}

static void replace_answer(h2o_filter_t *filter, h2o_req_t *req, h2o_ostream_t **slot)
{
    struct error err = {0};
    struct api_reply reply;
    char request_id[UUID_HEX_LENGTH + 1];
    struct text target = {req->input.path.base, req->input.path.len};
    (void)filter;
    error_of_status(req->res.status, &err);
    request_id_generate(request_id);
    api_reply_init(&reply);
    api_reply_set_error(&reply, &err,
                        route_has_problems(target) ? API_ERROR_PROBLEM : API_ERROR_DCS, request_id);

    h2o_iovec_t id = h2o_strdup(&req->pool, request_id, UUID_HEX_LENGTH);
    memset(&req->res.headers, 0, sizeof(req->res.headers));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, reply.content_type,
                   strlen(reply.content_type));
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("x-request-id"), 0,
                          "X-Request-Id", id.base, id.len);
    req->res.status = reply.status;
    req->res.reason = http_reason(reply.status);
    req->res.content_length = reply.body.length;

    if (!req->http1_is_persistent)
        connection_refuse(connection_of_request(req));
    struct replaced_body *body = (void *)h2o_add_ostream(req, sizeof(*body), slot);
    slot = &body->super.next;
    body->super.do_send = send_replaced;
    body->body = h2o_strdup(&req->pool, reply.body.text, reply.body.length);
    api_reply_release(&reply);
    h2o_setup_next_ostream(req, slot);
}

void h2o_answer_register(h2o_hostconf_t *host)
{
    h2o_filter_t *filter = h2o_create_filter(&host->fallback_path, sizeof(*filter));
    filter->on_setup_ostream = replace_answer;
    void *found = dlsym(RTLD_NEXT, "h2o_socket_write");
    if (!found)
        abort();
    memcpy(&library_write, &found, sizeof(library_write));
}

static bool is_bad_request(const h2o_iovec_t *bufs, size_t count)
{
    static const char start[] = "HTTP/1.1 400 Bad Request\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\n";
    return count == 1 && bufs[0].len > sizeof(start) &&
           memcmp(bufs[0].base, start, sizeof(start) - 1) == 0;
}

static void log_refusal(const struct connection *connection, const char *request_id, int status,
                        const struct error *err)
{
    char text[ADDRESS_TEXT_MAX + 1];
    const char *peer = text;
    address_format(&connection->peer, text);
    LOG_DEBUG("request_refused", LOG_TEXT("request_id", request_id), LOG_TEXT("peer", peer),
              LOG_NUMBER("status", status), LOG_TEXT("reason", err->text));
}

/* h2o keeps no copy of what a full socket does not take at once: the text is the connection's. */
static h2o_iovec_t error_answer(struct connection *connection, struct text target,
                                const struct error *err)
{
    struct api_reply reply;
    char request_id[UUID_HEX_LENGTH + 1];
    request_id_generate(request_id);
    api_reply_init(&reply);
    api_reply_set_error(&reply, err, route_has_problems(target) ? API_ERROR_PROBLEM : API_ERROR_DCS,
                        request_id);
    log_refusal(connection, request_id, reply.status, err);
    free(connection->answer);
    int length = asprintf(&connection->answer,
                          "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nX-Request-Id: %s\r\n"
                          "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                          reply.status, http_reason(reply.status), reply.content_type, request_id,
                          reply.body.length, reply.body.text);
    if (length < 0)
        abort();
    api_reply_release(&reply);
    return h2o_iovec_init(connection->answer, (size_t)length);
}

void h2o_answer_error(struct connection *connection, struct text target, const struct error *err,
                      h2o_socket_cb done)
{
    h2o_iovec_t answer = error_answer(connection, target, err);
    library_write(connection->socket, &answer, 1, done);
}

/* h2o seals each of bufs in records of its own, and those that a connection begins with are of
 * 1,400 bytes, for who shows a page while it comes.  An answer is worth nothing before its end, and
 * a record costs as much as kilobytes in it.  All is sealed when this returns. */
static void write_sealed(h2o_socket_t *socket, h2o_iovec_t *bufs, size_t count, h2o_socket_cb done)
{
    char record[SSL3_RT_MAX_PLAIN_LENGTH];
    size_t length = 0;
    socket->bytes_written = WRITTEN_MUCH;
    for (size_t i = 0; i < count; i++)
        length += bufs[i].len;
    if (count < 2 || length > sizeof(record)) {
        library_write(socket, bufs, count, done);
        return;
    }
    h2o_iovec_t whole = {record, 0};
    for (size_t i = 0; i < count; whole.len += bufs[i++].len)
        memcpy(record + whole.len, bufs[i].base, bufs[i].len);
    library_write(socket, &whole, 1, done);
    secret_cleanse(record, length);
}

void h2o_socket_write(h2o_socket_t *socket, h2o_iovec_t *bufs, size_t count, h2o_socket_cb done)
{
    struct connection *connection = connection_of_socket(socket);
    if (!connection || !is_bad_request(bufs, count)) {
        (socket->ssl ? write_sealed : library_write)(socket, bufs, count, done);
        return;
    }
    struct error err = {0};
    error_set_public(&err, ERROR_INVALID_PARAMETER, "HTTP message");
    connection_refuse(connection);
    h2o_answer_error(connection, (struct text){0}, &err, done);
}
