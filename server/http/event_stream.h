/* One stream of events (text/event-stream): the answer to a request to watch a task.
 *
 * Source of the format: WHATWG HTML, "Server-sent events".  `progress` has the task as it is,
 * `end` the last of it, and closes the stream.  It hangs on its request and dies with it: what the
 * client does not take within STREAM_TAKEN_MS, or a client that is gone, ends its connection.
 * Loop's thread only. */
#ifndef SERVER_HTTP_EVENT_STREAM_H
#define SERVER_HTTP_EVENT_STREAM_H

#include <poll.h>

#include "event_streams.h"
#include "exchange_state.h"

/* Answers the exchange with a stream whose first event is the object; or refuses, and the caller
 * answers. */
int event_stream_begin(struct exchange *exchange, struct text object, bool is_final,
                       struct error *err);

/* What a task's streams have in their lists. */
struct event_stream *event_stream_of_link(h2o_linklist_t *link);

/* There may be something to say, or to ask about its credential. */
void event_stream_go_on(struct event_stream *stream, int64_t now_ms);
/* A newer event than this one takes its place. */
bool event_stream_has_sent(const struct event_stream *stream, uint64_t version);
/* The server stops. */
void event_stream_say_farewell(struct event_stream *stream);
/* Its credential is to be judged anew, where it is that one or null. */
void event_stream_judge(struct event_stream *stream, const char *credential);

/* What to look for of its socket, and that the client is gone. */
struct pollfd event_stream_watch(const struct event_stream *stream);
void event_stream_drop(struct event_stream *stream);

#endif
