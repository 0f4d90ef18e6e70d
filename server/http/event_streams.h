/* The streams of events of a loop: who watches which task, and what became of these.
 *
 * The tasks that are watched are asked about together, one statement about once a second however
 * many watch; each stream then says what is new (event_stream.h).  While the database is away the
 * streams stay.  Loop's thread only. */
#ifndef SERVER_HTTP_EVENT_STREAMS_H
#define SERVER_HTTP_EVENT_STREAMS_H

#include "base/json_writer.h"
#include "base/text.h"
#include "loop.h"

enum { EVENT_STREAMS_POLL_MS = 1000 };

/* An event as it is sent, shared by the streams that send it. */
struct event_text {
    int references;
    size_t length;
    char bytes[];
};

/* A task that is watched; lives as long as it has a stream. */
struct watched_task {
    h2o_linklist_t link;
    h2o_linklist_t streams; /* of struct event_stream */
    struct uuid project, instance, task;
    int asked;        /* its place in the statement in flight, from 1 on; 0: it is not in it */
    uint64_t version; /* of the newest event, from 1 on */
    bool is_final;    /* no event follows */
    struct event_text *newest;
};

struct event_stream;
struct event_streams;

/* Never null. */
struct event_streams *event_streams_new(struct loop *loop);
/* After the loop's database connections are gone. */
void event_streams_free(struct event_streams *streams);

/* Links the stream with the task, which has now come to that: an object as JSON. */
struct watched_task *event_streams_join(struct event_streams *streams, h2o_linklist_t *stream_link,
                                        const struct api_request *request, struct text object,
                                        bool is_final);
void event_streams_leave(struct event_streams *streams, struct watched_task *watched,
                         h2o_linklist_t *stream_link);

void event_text_release(struct event_text *text);

/* A few times a second. */
void event_streams_tick(struct event_streams *streams);

/* A credential was changed: whether it may still watch is asked about.  Null: any may have been. */
void event_streams_judge(struct event_streams *streams, const char *credential);

/* The loop stops: every stream says farewell, and ends. */
void event_streams_end(struct event_streams *streams);

#endif
