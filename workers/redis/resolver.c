/* getaddrinfo cannot be interrupted: a name is looked up on a thread of its own, which owns the
 * request together with the one that waits; whoever leaves last frees it.  An address needs no
 * thread. */
#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

enum { STACK_SIZE = 256 << 10, PORT_TEXT_MAX = 12 };

struct request {
    pthread_mutex_t mutex;
    pthread_cond_t done_or_left;
    bool done, left;
    int failure;
    struct addrinfo *addresses;
    char host[ENDPOINT_HOST_MAX + 1], port[PORT_TEXT_MAX];
};

static atomic_int pending;

static int look_up(const char *host, const char *port, int flags, struct addrinfo **ret_addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    *ret_addresses = NULL;
    return getaddrinfo(host, port, &hints, ret_addresses);
}

static struct request *request_new(const struct endpoint *endpoint)
{
    struct request *request = calloc(1, sizeof(*request));
    pthread_condattr_t attributes;
    if (!request)
        abort();
    snprintf(request->host, sizeof(request->host), "%s", endpoint->host);
    snprintf(request->port, sizeof(request->port), "%d", endpoint->port);
    pthread_mutex_init(&request->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&request->done_or_left, &attributes);
    pthread_condattr_destroy(&attributes);
    return request;
}

static void request_free(struct request *request)
{
    pthread_cond_destroy(&request->done_or_left);
    pthread_mutex_destroy(&request->mutex);
    if (request->addresses)
        freeaddrinfo(request->addresses);
    free(request);
}

static void *run(void *argument)
{
    struct request *request = argument;
    struct addrinfo *addresses;
    int failure = look_up(request->host, request->port, 0, &addresses);
    atomic_fetch_sub(&pending, 1);
    pthread_mutex_lock(&request->mutex);
    request->failure = failure;
    request->addresses = addresses;
    request->done = true;
    bool left = request->left;
    pthread_cond_signal(&request->done_or_left);
    pthread_mutex_unlock(&request->mutex);
    if (left)
        request_free(request);
    return NULL;
}

static int start(struct request *request)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int failure = pthread_create(&thread, &attributes, run, request);
    pthread_attr_destroy(&attributes);
    return failure == 0 ? 0 : -1;
}

/* With the mutex held: until it is done, 1; until the deadline, 0; or until the interrupt, -1. */
static int wait_done(struct request *request, struct stream *stream, int64_t deadline,
                     struct error *err)
{
    while (!request->done) {
        int64_t now = clock_monotonic_ms();
        if (stream_check(stream, now, err) < 0)
            return -1;
        if (now >= deadline)
            return 0;
        int64_t until = now + REDIS_INTERRUPT_INTERVAL_MS;
        if (until > deadline)
            until = deadline;
        struct timespec time = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        pthread_cond_timedwait(&request->done_or_left, &request->mutex, &time);
    }
    return 1;
}

static int fail(int failure, struct error *err)
{
    return error_set(err, ERROR_REDIS_CONNECTION, "the name does not resolve: %s",
                     gai_strerror(failure));
}

static int take(struct request *request, struct stream *stream, int64_t deadline,
                struct addrinfo **ret_addresses, struct error *err)
{
    pthread_mutex_lock(&request->mutex);
    int waited = wait_done(request, stream, deadline, err);
    bool done = request->done;
    request->left = true;
    pthread_mutex_unlock(&request->mutex);
    if (waited == 0)
        error_set(err, ERROR_REDIS_TIMEOUT, "the name was not resolved in time");
    if (!done)
        return -1;
    int failure = request->failure;
    if (waited > 0 && failure == 0) {
        *ret_addresses = request->addresses;
        request->addresses = NULL;
    }
    request_free(request);
    if (waited <= 0)
        return -1;
    return failure == 0 ? 0 : fail(failure, err);
}

int resolver_find(struct stream *stream, const struct endpoint *endpoint, int64_t deadline,
                  struct addrinfo **ret_addresses, struct error *err)
{
    char port[PORT_TEXT_MAX];
    snprintf(port, sizeof(port), "%d", endpoint->port);
    if (look_up(endpoint->host, port, AI_NUMERICHOST, ret_addresses) == 0)
        return 0;
    if (atomic_fetch_add(&pending, 1) >= RESOLVER_PENDING_MAX) {
        atomic_fetch_sub(&pending, 1);
        return error_set(err, ERROR_REDIS_CONNECTION,
                         "%d names are being resolved already: does the resolver answer?",
                         RESOLVER_PENDING_MAX);
    }
    struct request *request = request_new(endpoint);
    if (start(request) < 0) {
        atomic_fetch_sub(&pending, 1);
        request_free(request);
        return error_set(err, ERROR_REDIS_CONNECTION, "no thread to resolve the name");
    }
    return take(request, stream, deadline, ret_addresses, err);
}
