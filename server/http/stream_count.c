/* A ring through an anchor, walked to count. */
#include "stream_count.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct stream_count {
    int64_t most, most_of_project, most_of_key;
    pthread_mutex_t mutex;
    struct stream_place anchor;
};

struct stream_count *stream_count_new(const struct config *config)
{
    struct stream_count *count = calloc(1, sizeof(*count));
    if (!count)
        abort();
    count->most = config->event_streams_max;
    count->most_of_project = config->event_streams_per_project_max;
    count->most_of_key = config->event_streams_per_key_max;
    pthread_mutex_init(&count->mutex, NULL);
    count->anchor.previous = count->anchor.next = &count->anchor;
    return count;
}

void stream_count_free(struct stream_count *count)
{
    if (!count)
        return;
    pthread_mutex_destroy(&count->mutex);
    free(count);
}

static int check(const struct stream_count *count, const struct stream_place *wanted,
                 struct error *err)
{
    int64_t all = 0, of_project = 0, of_key = 0;
    const struct stream_place *place = count->anchor.next;
    for (; place != &count->anchor; place = place->next) {
        all++;
        of_project += strcmp(place->project.text, wanted->project.text) == 0;
        of_key += strcmp(place->name, wanted->name) == 0;
    }
    if (of_key >= count->most_of_key)
        return error_set(err, ERROR_THROTTLED, "the credential is at its limit of streams");
    if (of_project >= count->most_of_project)
        return error_set(err, ERROR_THROTTLED, "the project is at its limit of streams");
    if (all >= count->most)
        return error_set(err, ERROR_UNAVAILABLE, "the server is at its limit of streams");
    return 0;
}

int stream_count_enter(struct stream_count *count, const struct identity *identity,
                       struct stream_place *ret_place, struct error *err)
{
    ret_place->project = identity->project;
    memcpy(ret_place->name, identity->name, sizeof(ret_place->name));
    pthread_mutex_lock(&count->mutex);
    int status = check(count, ret_place, err);
    if (status == 0) {
        ret_place->previous = count->anchor.previous;
        ret_place->next = &count->anchor;
        ret_place->previous->next = ret_place->next->previous = ret_place;
    }
    pthread_mutex_unlock(&count->mutex);
    return status;
}

void stream_count_leave(struct stream_count *count, struct stream_place *place)
{
    pthread_mutex_lock(&count->mutex);
    place->previous->next = place->next;
    place->next->previous = place->previous;
    pthread_mutex_unlock(&count->mutex);
}
