/* Chains in a table of fixed size; the hash is keyed, so that nobody can choose addresses of one
 * chain. */
#include "client_count.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TABLE_MIN = 64, TABLE_MAX = 1 << 16 };

struct client {
    struct client *next;
    struct address address;
    atomic_int_least64_t connections; /* written under the lock */
};

struct client_count {
    pthread_mutex_t lock;
    uint64_t key[2];
    size_t size; /* a power of two */
    struct client **chains;
};

struct client_count *client_count_new(int64_t clients)
{
    struct client_count *count = calloc(1, sizeof(*count));
    if (!count)
        abort();
    pthread_mutex_init(&count->lock, NULL);
    if (getrandom(count->key, sizeof(count->key), 0) != sizeof(count->key))
        abort();
    for (count->size = TABLE_MIN; (int64_t)count->size < clients && count->size < TABLE_MAX;)
        count->size *= 2;
    count->chains = calloc(count->size, sizeof(*count->chains));
    if (!count->chains)
        abort();
    return count;
}

void client_count_free(struct client_count *count)
{
    if (!count)
        return;
    for (size_t i = 0; i < count->size; i++) {
        while (count->chains[i]) {
            struct client *client = count->chains[i];
            count->chains[i] = client->next;
            free(client);
        }
    }
    free(count->chains);
    pthread_mutex_destroy(&count->lock);
    free(count);
}

/* The finalizer of SplitMix64, over both halves. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/* Where the client is, or would be. */
static struct client **find(const struct client_count *count, const struct address *address)
{
    uint64_t halves[2];
    memcpy(halves, address->bytes, sizeof(halves));
    uint64_t hash = mix(mix(halves[0] ^ count->key[0]) ^ halves[1] ^ count->key[1]);
    struct client **place = &count->chains[hash & (count->size - 1)];
    while (*place && !address_equals(&(*place)->address, address))
        place = &(*place)->next;
    return place;
}

static struct client *client_new(const struct address *address)
{
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        abort();
    client->address = *address;
    return client;
}

struct client *client_count_enter(struct client_count *count, const struct address *address,
                                  int64_t most)
{
    pthread_mutex_lock(&count->lock);
    struct client **place = find(count, address);
    if (!*place && most > 0)
        *place = client_new(address);
    struct client *client = *place;
    if (client && client->connections < most)
        client->connections++;
    else
        client = NULL;
    pthread_mutex_unlock(&count->lock);
    return client;
}

void client_count_leave(struct client_count *count, struct client *client)
{
    pthread_mutex_lock(&count->lock);
    if (--client->connections == 0) {
        struct client **place = find(count, &client->address);
        *place = client->next;
        free(client);
    }
    pthread_mutex_unlock(&count->lock);
}

int64_t client_connections(const struct client *client)
{
    return client->connections;
}
