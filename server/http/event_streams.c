/* One statement for all tasks of the loop that are watched, and what it tells to each stream. */
#include "event_streams.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "api/task_progress.h"
#include "base/clock.h"
#include "database.h"
#include "event_stream.h"
#include "model/scan_task_store.h"

struct event_streams {
    struct loop *loop;
    h2o_linklist_t watched; /* of struct watched_task */
    int64_t next_poll_ms;
    struct watched_task **asked; /* by place; null where nobody watches it any more */
    int asked_count;             /* 0: nothing is in flight */
};

struct event_streams *event_streams_new(struct loop *loop)
{
    struct event_streams *streams = calloc(1, sizeof(*streams));
    if (!streams)
        abort();
    streams->loop = loop;
    h2o_linklist_init_anchor(&streams->watched);
    return streams;
}

void event_streams_free(struct event_streams *streams)
{
    free(streams->asked);
    free(streams);
}

void event_text_release(struct event_text *text)
{
    if (text && --text->references == 0)
        free(text);
}

static struct event_text *make_text(struct text object, bool is_final)
{
    struct json_writer writer;
    json_writer_init(&writer);
    const struct text head =
        is_final ? TEXT("event: end\ndata: ") : TEXT("event: progress\ndata: ");
    json_writer_raw(&writer, head.bytes, head.length);
    json_writer_raw(&writer, object.bytes, object.length);
    json_writer_raw(&writer, "\n\n", 2);
    struct event_text *text = malloc(sizeof(*text) + writer.length);
    if (!text)
        abort();
    text->references = 1;
    text->length = writer.length;
    memcpy(text->bytes, writer.text, writer.length);
    json_writer_release(&writer);
    return text;
}

static bool is_same(const struct event_text *a, const struct event_text *b)
{
    return a && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* The next link is read first: a step may end the stream. */
static void for_each_stream(const struct watched_task *watched,
                            void (*visit)(struct event_stream *stream, void *argument),
                            void *argument)
{
    h2o_linklist_t *node = watched->streams.next;
    while (node != &watched->streams) {
        h2o_linklist_t *next = node->next;
        visit(event_stream_of_link(node), argument);
        node = next;
    }
}

static void count_skipped(struct event_stream *stream, void *version)
{
    if (!event_stream_has_sent(stream, *(uint64_t *)version))
        metric_count(&metric_stream_events, STREAM_EVENT_SKIPPED, 0);
}

static void go_on(struct event_stream *stream, void *now_ms)
{
    event_stream_go_on(stream, *(int64_t *)now_ms);
}

/* What was asked before the end may be answered after it. */
static void publish(struct watched_task *watched, struct text object, bool is_final)
{
    if (watched->is_final)
        return;
    struct event_text *text = make_text(object, is_final);
    if (is_same(watched->newest, text)) {
        event_text_release(text);
        return;
    }
    for_each_stream(watched, count_skipped, &watched->version);
    event_text_release(watched->newest);
    watched->newest = text;
    watched->version++;
    watched->is_final = is_final;
}

static struct watched_task *find(const struct event_streams *streams,
                                 const struct api_request *request)
{
    h2o_linklist_t *node = streams->watched.next;
    for (; node != &streams->watched; node = node->next) {
        struct watched_task *watched = H2O_STRUCT_FROM_MEMBER(struct watched_task, link, node);
        if (strcmp(watched->task.text, request->task.text) == 0 &&
            strcmp(watched->instance.text, request->instance.text) == 0 &&
            strcmp(watched->project.text, request->project.text) == 0)
            return watched;
    }
    return NULL;
}

static struct watched_task *add(struct event_streams *streams, const struct api_request *request)
{
    struct watched_task *watched = calloc(1, sizeof(*watched));
    if (!watched)
        abort();
    watched->project = request->project;
    watched->instance = request->instance;
    watched->task = request->task;
    h2o_linklist_init_anchor(&watched->streams);
    h2o_linklist_insert(&streams->watched, &watched->link);
    return watched;
}

struct watched_task *event_streams_join(struct event_streams *streams, h2o_linklist_t *stream_link,
                                        const struct api_request *request, struct text object,
                                        bool is_final)
{
    struct watched_task *watched = find(streams, request);
    if (!watched)
        watched = add(streams, request);
    publish(watched, object, is_final);
    h2o_linklist_insert(&watched->streams, stream_link);
    return watched;
}

void event_streams_leave(struct event_streams *streams, struct watched_task *watched,
                         h2o_linklist_t *stream_link)
{
    h2o_linklist_unlink(stream_link);
    if (!h2o_linklist_is_empty(&watched->streams))
        return;
    if (watched->asked > 0)
        streams->asked[watched->asked - 1] = NULL;
    h2o_linklist_unlink(&watched->link);
    event_text_release(watched->newest);
    free(watched);
}

/* Those that are not in the answer are gone. */
static void take_rows(struct event_streams *streams, const struct pg_rows *rows)
{
    struct json_writer object;
    for (int row = 0; row < rows->row_count; row++) {
        int64_t place = pg_rows_integer(rows, row, SCAN_TASK_PROGRESS_PLACE);
        struct watched_task *watched = streams->asked[place - 1];
        if (!watched)
            continue;
        json_writer_init(&object);
        task_progress_write(&object, rows, row);
        publish(watched, (struct text){object.text, object.length},
                task_progress_is_final(rows, row));
        json_writer_release(&object);
        watched->asked = 0;
    }
    for (int i = 0; i < streams->asked_count; i++) {
        struct watched_task *watched = streams->asked[i];
        if (!watched || watched->asked == 0)
            continue;
        json_writer_init(&object);
        task_progress_write_deleted(&object, &watched->task, &watched->instance);
        publish(watched, (struct text){object.text, object.length}, true);
        json_writer_release(&object);
    }
}

static void forget_asked(struct event_streams *streams)
{
    for (int i = 0; i < streams->asked_count; i++) {
        if (streams->asked[i])
            streams->asked[i]->asked = 0;
    }
    free(streams->asked);
    streams->asked = NULL;
    streams->asked_count = 0;
}

static void for_all(const struct event_streams *streams,
                    void (*visit)(struct event_stream *stream, void *argument), void *argument)
{
    h2o_linklist_t *node = streams->watched.next;
    while (node != &streams->watched) {
        struct watched_task *watched = H2O_STRUCT_FROM_MEMBER(struct watched_task, link, node);
        node = node->next;
        for_each_stream(watched, visit, argument);
    }
}

static void on_rows(void *argument, struct pg_rows *rows, const struct error *err)
{
    struct event_streams *streams = argument;
    int64_t now_ms = clock_monotonic_ms();
    (void)err; /* it is asked again */
    if (rows)
        take_rows(streams, rows);
    forget_asked(streams);
    if (rows)
        for_all(streams, go_on, &now_ms);
}

static void append(struct json_writer *array, const char *id)
{
    json_writer_raw(array, array->length > 0 ? "," : "{", 1);
    json_writer_raw(array, id, strlen(id));
}

static int submit(struct event_streams *streams, struct json_writer arrays[3], struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    for (int i = 0; i < 3; i++) {
        json_writer_raw(&arrays[i], "}", 1);
        pg_parameters_add_reference(&parameters, arrays[i].text);
    }
    return database_submit(streams->loop, &scan_task_watch, &parameters, on_rows, streams, err);
}

static int count_watched(const struct event_streams *streams)
{
    int count = 0;
    h2o_linklist_t *node = streams->watched.next;
    for (; node != &streams->watched; node = node->next)
        count += !H2O_STRUCT_FROM_MEMBER(struct watched_task, link, node)->is_final;
    return count;
}

/* Asks about all that may still change. */
static void ask(struct event_streams *streams)
{
    struct json_writer arrays[3];
    struct error err = {0};
    int count = count_watched(streams);
    if (count == 0)
        return;
    streams->asked = calloc((size_t)count, sizeof(struct watched_task *));
    if (!streams->asked)
        abort();
    for (int i = 0; i < 3; i++)
        json_writer_init(&arrays[i]);
    h2o_linklist_t *node = streams->watched.next;
    for (; node != &streams->watched; node = node->next) {
        struct watched_task *watched = H2O_STRUCT_FROM_MEMBER(struct watched_task, link, node);
        if (watched->is_final)
            continue;
        append(&arrays[0], watched->project.text);
        append(&arrays[1], watched->instance.text);
        append(&arrays[2], watched->task.text);
        streams->asked[streams->asked_count++] = watched;
        watched->asked = streams->asked_count;
    }
    if (submit(streams, arrays, &err) < 0)
        forget_asked(streams);
    for (int i = 0; i < 3; i++)
        json_writer_release(&arrays[i]);
}

struct sockets {
    int count, room;
    struct pollfd *items;
    struct event_stream **streams;
};

static void count_stream(struct event_stream *stream, void *argument)
{
    (void)stream;
    (*(int *)argument)++;
}

static void add_socket(struct event_stream *stream, void *argument)
{
    struct sockets *sockets = argument;
    sockets->items[sockets->count] = event_stream_watch(stream);
    sockets->streams[sockets->count++] = stream;
}

/* While an answer is under way h2o does not read, and would see a client that has left only by what
 * it writes, which may be a while: until then it would count. */
static void drop_gone(struct event_streams *streams)
{
    struct sockets sockets = {0};
    for_all(streams, count_stream, &sockets.room);
    if (sockets.room == 0)
        return;
    sockets.items = calloc((size_t)sockets.room, sizeof(*sockets.items));
    sockets.streams = calloc((size_t)sockets.room, sizeof(struct event_stream *));
    if (!sockets.items || !sockets.streams)
        abort();
    for_all(streams, add_socket, &sockets);
    if (poll(sockets.items, (nfds_t)sockets.count, 0) > 0) {
        for (int i = 0; i < sockets.count; i++) {
            if (sockets.items[i].revents)
                event_stream_drop(sockets.streams[i]);
        }
    }
    free(sockets.items);
    free(sockets.streams);
}

void event_streams_tick(struct event_streams *streams)
{
    int64_t now_ms = clock_monotonic_ms();
    if (h2o_linklist_is_empty(&streams->watched) || now_ms < streams->next_poll_ms)
        return;
    streams->next_poll_ms = now_ms + EVENT_STREAMS_POLL_MS;
    drop_gone(streams);
    for_all(streams, go_on, &now_ms);
    if (streams->asked_count == 0)
        ask(streams);
}

static void judge(struct event_stream *stream, void *credential)
{
    event_stream_judge(stream, *(const char **)credential);
}

void event_streams_judge(struct event_streams *streams, const char *credential)
{
    for_all(streams, judge, &credential);
}

static void say_farewell(struct event_stream *stream, void *argument)
{
    (void)argument;
    event_stream_say_farewell(stream);
}

void event_streams_end(struct event_streams *streams)
{
    for_all(streams, say_farewell, NULL);
}
