/* libcurl says which sockets to watch and when to be called; what it watches is a duplicate, so
 * that h2o and libcurl each close their own. */
#include "client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleansing.h"
#include "base/clock.h"
#include "base/secret.h"
#include "ops/outgoing.h"

struct client {
    struct loop *loop;
    const char *ca;
    CURLM *multi;
    h2o_linklist_t transfers;
    h2o_linklist_t watches;
    h2o_timeout_entry_t soon; /* what libcurl wants to be called for at once */
    int64_t due_ms;           /* and the time of what it wants later; 0: nothing */
};

/* A socket of libcurl's. */
struct watch {
    h2o_linklist_t link;
    struct client *client;
    curl_socket_t descriptor;
    h2o_socket_t *socket;
    bool wants_write;
    bool write_armed;
};

struct transfer {
    h2o_linklist_t link;
    CURL *easy;
    struct curl_slist *headers;
    const char *wanted_header;
    char header[CLIENT_HEADER_VALUE_MAX];
    size_t header_length;
    size_t head_length;
    char *body;
    size_t body_length;
    bool too_large;
    char problem[CURL_ERROR_SIZE];
    client_done_fn *done;
    void *argument;
};

static void transfer_free(struct transfer *transfer)
{
    h2o_linklist_unlink(&transfer->link);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    cleansing_free(transfer->body);
    secret_cleanse(transfer, sizeof(*transfer));
    free(transfer);
}

static void say_why(const struct transfer *transfer, CURLcode code, struct error *err)
{
    if (transfer->too_large)
        error_set(err, ERROR_UNAVAILABLE, "the answer is too large");
    else
        error_set(err, ERROR_UNAVAILABLE, "%s",
                  transfer->problem[0] ? transfer->problem : curl_easy_strerror(code));
}

/* The transfer has left the multi handle before its owner is called, who may send another. */
static void finish(struct client *client, CURL *easy, CURLcode code)
{
    struct error err = {0};
    struct transfer *transfer;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(client->multi, easy);
    if (code == CURLE_OK) {
        struct client_answer answer = {
            .status = (int)status,
            .body = {transfer->body ? transfer->body : "", transfer->body_length},
            .header = {transfer->header, transfer->header_length},
        };
        transfer->done(transfer->argument, &answer, NULL);
    } else {
        say_why(transfer, code, &err);
        transfer->done(transfer->argument, NULL, &err);
    }
    transfer_free(transfer);
}

static void advance(struct client *client, curl_socket_t descriptor, int events)
{
    int running, left;
    const CURLMsg *message;
    curl_multi_socket_action(client->multi, descriptor, events, &running);
    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(client, message->easy_handle, message->data.result);
    }
}

static void on_writable(h2o_socket_t *socket, const char *err);

static void arm(struct watch *watch)
{
    if (watch->wants_write && !watch->write_armed) {
        watch->write_armed = true;
        h2o_socket_notify_write(watch->socket, on_writable);
    }
}

/* The watch may be gone after libcurl was called. */
static void on_writable(h2o_socket_t *socket, const char *err)
{
    struct watch *watch = socket->data;
    (void)err; /* libcurl finds out by itself, and says more */
    watch->write_armed = false;
    if (!watch->wants_write)
        return;
    struct client *client = watch->client;
    curl_socket_t descriptor = watch->descriptor;
    arm(watch);
    advance(client, descriptor, CURL_CSELECT_OUT);
}

static void on_readable(h2o_socket_t *socket, const char *err)
{
    const struct watch *watch = socket->data;
    (void)err;
    advance(watch->client, watch->descriptor, CURL_CSELECT_IN);
}

static void watch_free(struct watch *watch)
{
    h2o_linklist_unlink(&watch->link);
    h2o_socket_close(watch->socket);
    free(watch);
}

static struct watch *watch_new(struct client *client, curl_socket_t descriptor)
{
    int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return NULL; /* out of descriptors: the time-out ends the transfer */
    struct watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        abort();
    watch->client = client;
    watch->descriptor = descriptor;
    watch->socket =
        h2o_evloop_socket_create(client->loop->h2o.loop, duplicate, H2O_SOCKET_FLAG_DONT_READ);
    watch->socket->data = watch;
    h2o_linklist_insert(&client->watches, &watch->link);
    return watch;
}

/* By libcurl: from now on the socket is to be watched for that. */
static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *argument, void *place)
{
    struct client *client = argument;
    struct watch *watch = place;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(client->multi, descriptor, NULL);
        if (watch)
            watch_free(watch);
        return 0;
    }
    if (!watch)
        watch = watch_new(client, descriptor);
    if (!watch)
        return 0;
    curl_multi_assign(client->multi, descriptor, watch);
    if (what & CURL_POLL_IN)
        h2o_socket_read_start(watch->socket, on_readable);
    else
        h2o_socket_read_stop(watch->socket);
    watch->wants_write = what & CURL_POLL_OUT;
    arm(watch);
    return 0;
}

static void on_soon(h2o_timeout_entry_t *entry)
{
    struct client *client = H2O_STRUCT_FROM_MEMBER(struct client, soon, entry);
    advance(client, CURL_SOCKET_TIMEOUT, 0);
}

/* By libcurl: call me in that time; less than 0: no more. */
static int on_timer(CURLM *multi, long timeout_ms, void *argument)
{
    struct client *client = argument;
    (void)multi;
    client->due_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0;
    if (h2o_timeout_is_linked(&client->soon))
        h2o_timeout_unlink(&client->soon);
    if (timeout_ms == 0)
        h2o_timeout_link(client->loop->h2o.loop, &client->loop->h2o.zero_timeout, &client->soon);
    return 0;
}

void client_tick(struct client *client)
{
    if (client->due_ms == 0 || clock_monotonic_ms() < client->due_ms)
        return;
    client->due_ms = 0;
    advance(client, CURL_SOCKET_TIMEOUT, 0);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    size_t length = size * count;
    if (length > CLIENT_BODY_MAX - transfer->body_length) {
        transfer->too_large = true;
        return 0;
    }
    char *body = cleansing_reallocate(transfer->body, transfer->body_length + length + 1);
    if (!body)
        abort();
    memcpy(body + transfer->body_length, bytes, length);
    transfer->body = body;
    transfer->body_length += length;
    return length;
}

static void take_header(struct transfer *transfer, struct text line)
{
    const char *colon = line.length ? memchr(line.bytes, ':', line.length) : NULL;
    if (!colon || !transfer->wanted_header)
        return;
    size_t name_length = (size_t)(colon - line.bytes);
    struct text name = {line.bytes, name_length};
    while (line.length > 0 && (line.bytes[line.length - 1] == '\n' || //
                               line.bytes[line.length - 1] == '\r'))
        line.length--;
    struct text value = text_trim((struct text){colon + 1, line.length - name_length - 1});
    if (!text_equals_ignoring_case(name, text_of(transfer->wanted_header)) ||
        value.length > sizeof(transfer->header))
        return;
    memcpy(transfer->header, value.bytes, value.length);
    transfer->header_length = value.length;
}

/* A line at a time, the status line included. */
static size_t on_header(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    size_t length = size * count;
    transfer->head_length += length;
    if (transfer->head_length > OUTGOING_HEAD_MAX) {
        transfer->too_large = true;
        return 0;
    }
    take_header(transfer, (struct text){bytes, length});
    return length;
}

struct client *client_new(struct loop *loop, const char *ca)
{
    struct client *client = calloc(1, sizeof(*client));
    if (!client || !(client->multi = curl_multi_init()))
        abort();
    client->loop = loop;
    client->ca = ca;
    client->soon.cb = on_soon;
    h2o_linklist_init_anchor(&client->transfers);
    h2o_linklist_init_anchor(&client->watches);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_CONNECTIONS_KEPT);
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    while (!h2o_linklist_is_empty(&client->transfers)) {
        struct transfer *transfer =
            H2O_STRUCT_FROM_MEMBER(struct transfer, link, client->transfers.next);
        curl_multi_remove_handle(client->multi, transfer->easy);
        transfer_free(transfer);
    }
    curl_multi_cleanup(client->multi);
    while (!h2o_linklist_is_empty(&client->watches))
        watch_free(H2O_STRUCT_FROM_MEMBER(struct watch, link, client->watches.next));
    if (h2o_timeout_is_linked(&client->soon))
        h2o_timeout_unlink(&client->soon);
    free(client);
}

static void set_request(struct transfer *transfer, const struct client_request *request)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dcs-server/" DCS_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (request->body)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static void add_header(struct transfer *transfer, const char *name, const char *value)
{
    char line[CLIENT_HEADER_VALUE_MAX + 64];
    snprintf(line, sizeof(line), "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    secret_cleanse(line, sizeof(line));
    if (!longer)
        abort();
    transfer->headers = longer;
}

void client_send(struct client *client, const struct client_request *request, client_done_fn *done,
                 void *argument)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (!transfer || !(transfer->easy = curl_easy_init()))
        abort();
    h2o_linklist_insert(&client->transfers, &transfer->link);
    transfer->wanted_header = request->wanted_header;
    transfer->done = done;
    transfer->argument = argument;
    add_header(transfer, "Accept", "application/json");
    if (request->body)
        add_header(transfer, "Content-Type", "application/json");
    for (int i = 0; i < CLIENT_HEADERS_MAX && request->headers[i].name; i++)
        add_header(transfer, request->headers[i].name, request->headers[i].value);
    outgoing_set_security(transfer->easy, client->ca);
    set_request(transfer, request);
    if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK)
        abort(); /* no memory */
}
