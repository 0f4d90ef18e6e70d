/* libmicrohttpd knows a time-out for silence only: how long a connection may last is looked after
 * here, in a table as large as the bound on connections. */
#include "http.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/clock.h"

struct ops_http {
    struct MHD_Daemon *daemon;
    ops_handler_fn *handler;
    void *argument;
    pthread_mutex_t mutex; /* guards what follows */
    struct open_connection {
        const struct MHD_Connection *connection; /* null: a free place */
        int descriptor;
        int64_t opened_ms;
    } open[OPS_CONNECTIONS_MAX];
};

static struct MHD_Response *response_of(struct ops_answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->length, answer->body, MHD_RESPMEM_MUST_FREE);
    if (!response)
        abort();
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return response;
}

static void refuse_method(struct ops_answer *ret_answer)
{
    *ret_answer = (struct ops_answer){.status = MHD_HTTP_METHOD_NOT_ALLOWED, .type = "text/plain"};
}

/* Answered on the first call, before any body is read; a body then ends the connection. */
static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_size, void **request)
{
    const struct ops_http *http = argument;
    struct ops_answer answer = {0};
    (void)version;
    (void)data;
    (void)data_size;
    (void)request;
    const char *accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        http->handler(http->argument, path, accept ? accept : "", &answer);
    else
        refuse_method(&answer);
    struct MHD_Response *response = response_of(&answer);
    if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)answer.status, response);
    MHD_destroy_response(response);
    return result;
}

static struct open_connection *find(struct ops_http *http, const struct MHD_Connection *connection)
{
    for (int i = 0; i < OPS_CONNECTIONS_MAX; i++) {
        if (http->open[i].connection == connection)
            return &http->open[i];
    }
    return NULL;
}

/* A descriptor is closed after this was told of the end. */
static void on_connection(void *argument, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct ops_http *http = argument;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    (void)context;
    pthread_mutex_lock(&http->mutex);
    bool begins = code == MHD_CONNECTION_NOTIFY_STARTED;
    struct open_connection *place = find(http, begins ? NULL : connection);
    if (place && begins && info)
        *place = (struct open_connection){connection, info->connect_fd, clock_monotonic_ms()};
    else if (place)
        *place = (struct open_connection){0};
    pthread_mutex_unlock(&http->mutex);
}

void ops_http_end_late(struct ops_http *http)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&http->mutex);
    for (int i = 0; i < OPS_CONNECTIONS_MAX; i++) {
        const struct open_connection *place = &http->open[i];
        if (place->connection && now_ms - place->opened_ms >= OPS_CONNECTION_MS)
            shutdown(place->descriptor, SHUT_RDWR);
    }
    pthread_mutex_unlock(&http->mutex);
}

int ops_http_open(int descriptor, ops_handler_fn *handler, void *argument,
                  struct ops_http **ret_http, struct error *err)
{
    struct ops_http *http = calloc(1, sizeof(*http));
    if (!http)
        abort();
    http->handler = handler;
    http->argument = argument;
    pthread_mutex_init(&http->mutex, NULL);
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        descriptor, MHD_OPTION_CONNECTION_LIMIT, (unsigned)OPS_CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)OPS_CONNECTIONS_PER_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)OPS_CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)OPS_CONNECTION_SECONDS,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_END);
    *ret_http = http;
    if (http->daemon)
        return 0;
    close(descriptor);
    ops_http_close(http);
    *ret_http = NULL;
    return error_set(err, ERROR_INTERNAL, "the listener's thread cannot be made");
}

void ops_http_close(struct ops_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    pthread_mutex_destroy(&http->mutex);
    free(http);
}
