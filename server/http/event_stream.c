/* From the machine's steps to h2o's pieces. */
#include "event_stream.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/rand.h>

#include "answer.h"
#include "base/clock.h"
#include "connection.h"
#include "credentials.h"
#include "stream_count.h"
#include "stream_machine.h"

/* Who cannot be judged for as long as a token may be remembered is not told more.  The kernel keeps
 * little for a client that does not read, and ends a connection on which nothing comes through. */
enum {
    UNJUDGED_MOST_MS = 300000,
    JUDGE_AGAIN_MS = 1000,
    SEND_BUFFER_BYTES = 32 * 1024,
    RETRY_AFTER_SECONDS = 5,
    FAREWELL_MAX = 64,
    FAREWELL_LEAST_MS = 500,
    FAREWELL_SPREAD_MS = 2000,
};

struct event_stream {
    h2o_generator_t super;
    struct exchange *exchange;
    struct loop *loop;
    struct watched_task *watched;
    h2o_linklist_t link;
    struct stream_machine machine;
    struct stream_place place;
    struct event_text *sending; /* null: nothing of the task is on its way */
    bool has_begun;             /* the head of the stream was sent */
    int64_t judge_ms;           /* when its credential is to be judged */
    int64_t judged_ms;          /* when that was done last */
    bool is_judged;             /* it is, now */
    bool is_gone;               /* the client */
    char farewell[FAREWELL_MAX];
};

struct event_stream *event_stream_of_link(h2o_linklist_t *link)
{
    return H2O_STRUCT_FROM_MEMBER(struct event_stream, link, link);
}

static enum stream_end end_of(const struct event_stream *stream)
{
    const struct stream_machine *machine = &stream->machine;
    if (!machine->is_over || stream->is_gone)
        return STREAM_END_GONE;
    if (machine->is_refused)
        return STREAM_END_REFUSED;
    return stream->watched->is_final && machine->sent == stream->watched->version
               ? STREAM_END_FINISHED
               : STREAM_END_STOPPED;
}

/* The request is gone, and maybe the exchange. */
static void on_gone(void *object)
{
    struct event_stream *stream = object;
    if (!stream->watched)
        return;
    metric_count(&metric_stream_ends, (int)end_of(stream), 0);
    metric_add(&metric_streams, 0, 0, -1);
    event_text_release(stream->sending);
    event_streams_leave(stream->loop->streams, stream->watched, &stream->link);
    stream_count_leave(stream->loop->server->streams, &stream->place);
}

/* So that the clients of a server that stops do not all come to another one at once. */
static h2o_iovec_t farewell_of(struct event_stream *stream)
{
    unsigned spread = 0;
    if (RAND_bytes((unsigned char *)&spread, sizeof(spread)) != 1)
        abort();
    int length = snprintf(stream->farewell, sizeof(stream->farewell), "retry: %u\n: farewell\n\n",
                          FAREWELL_LEAST_MS + spread % FAREWELL_SPREAD_MS);
    return h2o_iovec_init(stream->farewell, (size_t)length);
}

static int pieces_of(struct event_stream *stream, enum stream_step step, h2o_iovec_t pieces[2])
{
    int count = 0;
    if (!stream->has_begun)
        pieces[count++] = h2o_iovec_init(H2O_STRLIT("retry: 2000\n\n"));
    stream->has_begun = true;
    switch (step) {
    case STREAM_EVENT:
        stream->sending = stream->watched->newest;
        stream->sending->references++;
        metric_count(&metric_stream_events, STREAM_EVENT_SENT, 0);
        pieces[count++] = h2o_iovec_init(stream->sending->bytes, stream->sending->length);
        break;
    case STREAM_COMMENT:
        pieces[count++] = h2o_iovec_init(H2O_STRLIT(":\n\n"));
        break;
    case STREAM_FAREWELL:
        pieces[count++] = farewell_of(stream);
        break;
    case STREAM_CLOSE:
    case STREAM_WAIT:
        break;
    }
    return count;
}

static void say(struct event_stream *stream, int64_t now_ms)
{
    const struct watched_task *watched = stream->watched;
    h2o_iovec_t pieces[2];
    enum stream_step step =
        stream_machine_next(&stream->machine, watched->version, watched->is_final, now_ms);
    if (step == STREAM_WAIT)
        return;
    if (!stream->machine.is_refused)
        connection_enter(stream->exchange->connection, CONNECTION_STREAM);
    int count = pieces_of(stream, step, pieces);
    h2o_send(stream->exchange->req, pieces, (size_t)count,
             stream->machine.is_over ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

/* The client has taken what was sent. */
static void on_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    struct event_stream *stream = (struct event_stream *)generator;
    (void)req;
    event_text_release(stream->sending);
    stream->sending = NULL;
    stream_machine_take(&stream->machine);
    say(stream, clock_monotonic_ms());
}

static bool is_refusal(enum error_code code)
{
    return code == ERROR_UNAUTHENTICATED || code == ERROR_FORBIDDEN ||
           code == ERROR_INVALID_TOKEN || code == ERROR_TOKEN_EXPIRED ||
           code == ERROR_TOKEN_PROJECT;
}

static void on_judged(struct exchange *exchange, const struct error *err)
{
    struct event_stream *stream = exchange->stream;
    int64_t now_ms = clock_monotonic_ms();
    stream->is_judged = false;
    if (!err) {
        stream->judged_ms = now_ms;
        stream->judge_ms = now_ms + exchange->loop->server->config->access_key_cache_seconds * 1000;
        return;
    }
    stream->judge_ms = now_ms + JUDGE_AGAIN_MS;
    if (is_refusal(err->code) || now_ms - stream->judged_ms >= UNJUDGED_MOST_MS) {
        stream->machine.is_refused = true;
        say(stream, now_ms);
    }
}

static bool is_to_be_judged(const struct event_stream *stream, int64_t now_ms)
{
    return !stream->is_judged && !stream->machine.is_over && now_ms >= stream->judge_ms;
}

void event_stream_go_on(struct event_stream *stream, int64_t now_ms)
{
    say(stream, now_ms);
    if (!is_to_be_judged(stream, now_ms))
        return;
    stream->is_judged = true;
    credentials_judge(stream->exchange, on_judged);
}

bool event_stream_has_sent(const struct event_stream *stream, uint64_t version)
{
    return stream->machine.sent >= version;
}

void event_stream_say_farewell(struct event_stream *stream)
{
    stream->machine.is_leaving = true;
    say(stream, clock_monotonic_ms());
}

void event_stream_judge(struct event_stream *stream, const char *credential)
{
    if (!credential || strcmp(stream->place.name, credential) == 0)
        stream->judge_ms = 0;
}

struct pollfd event_stream_watch(const struct event_stream *stream)
{
    int descriptor = h2o_socket_get_fd(stream->exchange->connection->socket);
    return (struct pollfd){.fd = descriptor, .events = POLLRDHUP};
}

/* h2o does not read meanwhile, and finds out by what it writes. */
void event_stream_drop(struct event_stream *stream)
{
    if (stream->machine.is_refused || stream->machine.is_over)
        return;
    connection_end(stream->exchange->connection);
    stream->is_gone = stream->machine.is_refused = true;
    say(stream, clock_monotonic_ms());
}

static void prepare_socket(const struct event_stream *stream)
{
    int descriptor = h2o_socket_get_fd(stream->exchange->connection->socket);
    int bytes = SEND_BUFFER_BYTES, most_ms = STREAM_TAKEN_MS;
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &most_ms, sizeof(most_ms));
}

static struct event_stream *make(struct exchange *exchange)
{
    struct event_stream *stream =
        h2o_mem_alloc_shared(&exchange->req->pool, sizeof(*stream), on_gone);
    *stream = (struct event_stream){
        .super = {.proceed = on_proceed}, .exchange = exchange, .loop = exchange->loop};
    stream->judged_ms = clock_monotonic_ms();
    stream->judge_ms =
        stream->judged_ms + exchange->loop->server->config->access_key_cache_seconds * 1000;
    stream->machine.is_leaving = exchange->loop->stopping;
    stream->machine.silence_ms = exchange->loop->server->config->event_comment_seconds * 1000;
    return stream;
}

int event_stream_begin(struct exchange *exchange, struct text object, bool is_final,
                       struct error *err)
{
    h2o_req_t *req = exchange->req;
    struct loop *loop = exchange->loop;
    if (h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"))) {
        answer_stream(exchange, NULL);
        return 0;
    }
    struct event_stream *stream = make(exchange);
    if (stream_count_enter(loop->server->streams, &exchange->identity, &stream->place, err) < 0) {
        exchange->limits.retry_after_seconds = RETRY_AFTER_SECONDS;
        if (err->code == ERROR_THROTTLED)
            metric_count(&metric_limited, LIMIT_STREAMS, 0);
        return -1;
    }
    stream->watched =
        event_streams_join(loop->streams, &stream->link, &exchange->request, object, is_final);
    exchange->stream = stream;
    metric_add(&metric_streams, 0, 0, 1);
    prepare_socket(stream);
    answer_stream(exchange, &stream->super);
    say(stream, clock_monotonic_ms());
    return 0;
}
