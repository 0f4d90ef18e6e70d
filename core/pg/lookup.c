/* The thread and the one that asks own the lookup together; whoever lets go last frees it. */
#include "lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

enum { STACK_SIZE = 256 << 10 };

struct lookup {
    atomic_int owners;
    int done; /* an eventfd: what the thread wrote is read only after it was signalled */
    int failure;
    struct addresses addresses;
    char *host;
};

static atomic_int pending;

static int find(const char *host, int flags, struct addresses *ret_addresses)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *found = NULL;
    int failure = getaddrinfo(host, NULL, &hints, &found);
    ret_addresses->count = 0;
    for (struct addrinfo *next = failure == 0 ? found : NULL;
         next && ret_addresses->count < ADDRESSES_MAX; next = next->ai_next) {
        if (getnameinfo(next->ai_addr, next->ai_addrlen, ret_addresses->text[ret_addresses->count],
                        ADDRESS_TEXT_MAX, NULL, 0, NI_NUMERICHOST) == 0)
            ret_addresses->count++;
    }
    if (failure == 0)
        freeaddrinfo(found);
    return failure == 0 && ret_addresses->count == 0 ? EAI_NONAME : failure;
}

bool addresses_read(const char *host, struct addresses *ret_addresses)
{
    return find(host, AI_NUMERICHOST, ret_addresses) == 0;
}

static void let_go(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->owners, 1) > 1)
        return;
    close(lookup->done);
    free(lookup->host);
    free(lookup);
}

static void *run(void *argument)
{
    struct lookup *lookup = argument;
    lookup->failure = find(lookup->host, 0, &lookup->addresses);
    atomic_fetch_sub(&pending, 1);
    eventfd_write(lookup->done, 1);
    let_go(lookup);
    return NULL;
}

static int start_thread(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int failure = pthread_create(&thread, &attributes, run, lookup);
    pthread_attr_destroy(&attributes);
    return failure == 0 ? 0 : -1;
}

struct lookup *lookup_start(const char *host, struct error *err)
{
    if (atomic_fetch_add(&pending, 1) >= LOOKUPS_PENDING_MAX) {
        atomic_fetch_sub(&pending, 1);
        error_set(err, ERROR_DATABASE_CONNECTION,
                  "%s: %d names are being looked up already: does the resolver answer?", host,
                  LOOKUPS_PENDING_MAX);
        return NULL;
    }
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        abort();
    atomic_init(&lookup->owners, 2);
    lookup->host = text_copy(host, strlen(host));
    lookup->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lookup->done >= 0 && start_thread(lookup) == 0)
        return lookup;
    atomic_fetch_sub(&pending, 1);
    error_set(err, ERROR_DATABASE_CONNECTION, "%s: no thread to look it up", host);
    if (lookup->done >= 0)
        close(lookup->done);
    free(lookup->host);
    free(lookup);
    return NULL;
}

int lookup_descriptor(const struct lookup *lookup)
{
    return lookup->done;
}

int lookup_take(const struct lookup *lookup, struct addresses *ret_addresses, struct error *err)
{
    eventfd_t count;
    if (eventfd_read(lookup->done, &count) < 0)
        return error_set(err, ERROR_INTERNAL, "%s: not looked up yet", lookup->host);
    if (lookup->failure != 0)
        return error_set(err, ERROR_DATABASE_CONNECTION, "%s: the name does not resolve: %s",
                         lookup->host, gai_strerror(lookup->failure));
    *ret_addresses = lookup->addresses;
    return 0;
}

void lookup_leave(struct lookup *lookup)
{
    if (lookup)
        let_go(lookup);
}
