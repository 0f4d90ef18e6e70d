/* How many streams of events are open: of the server, of each project and of each credential.
 *
 * Streams begin and end seldom and are few, so that one list under a lock is enough.  Any thread;
 * a place belongs to one at a time. */
#ifndef SERVER_HTTP_STREAM_COUNT_H
#define SERVER_HTTP_STREAM_COUNT_H

#include "auth/identity.h"
#include "base/config.h"
#include "base/error.h"

struct stream_count;

/* Of one stream, in memory of its owner. */
struct stream_place {
    struct stream_place *previous, *next;
    struct uuid project;
    char name[IDENTITY_NAME_MAX + 1];
};

/* Bounds: event_streams_max, event_streams_per_project_max, event_streams_per_key_max. */
struct stream_count *stream_count_new(const struct config *config);
void stream_count_free(struct stream_count *count);

/* Fails with ERROR_UNAVAILABLE where the server has all the streams that it may have, and with
 * ERROR_THROTTLED where the project or the credential has. */
int stream_count_enter(struct stream_count *count, const struct identity *identity,
                       struct stream_place *ret_place, struct error *err);
void stream_count_leave(struct stream_count *count, struct stream_place *place);

#endif
