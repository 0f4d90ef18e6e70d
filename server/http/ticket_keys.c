/* Two keys, turned over by whoever comes first after the time. */
#include "ticket_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

struct ticket_keys {
    pthread_mutex_t lock;
    bool has_current, has_previous;
    struct ticket_key current, previous;
};

struct ticket_keys *ticket_keys_new(void)
{
    struct ticket_keys *keys = calloc(1, sizeof(*keys));
    if (!keys)
        abort();
    pthread_mutex_init(&keys->lock, NULL);
    return keys;
}

void ticket_keys_free(struct ticket_keys *keys)
{
    if (!keys)
        return;
    pthread_mutex_destroy(&keys->lock);
    OPENSSL_cleanse(keys, sizeof(*keys));
    free(keys);
}

static void generate(struct ticket_key *key, int64_t now_s)
{
    key->born_s = now_s;
    if (RAND_bytes(key->name, sizeof(key->name)) != 1 ||
        RAND_priv_bytes(key->cipher, sizeof(key->cipher)) != 1 ||
        RAND_priv_bytes(key->mac, sizeof(key->mac)) != 1)
        abort();
}

/* Where nobody came for long, both are past their time. */
static void turn_over(struct ticket_keys *keys, int64_t now_s)
{
    if (keys->has_previous && now_s - keys->previous.born_s >= 2 * TICKET_KEY_SECONDS) {
        OPENSSL_cleanse(&keys->previous, sizeof(keys->previous));
        keys->has_previous = false;
    }
    if (keys->has_current && now_s - keys->current.born_s < TICKET_KEY_SECONDS)
        return;
    keys->has_previous = keys->has_current && now_s - keys->current.born_s < 2 * TICKET_KEY_SECONDS;
    if (keys->has_previous)
        keys->previous = keys->current;
    keys->has_current = true;
    generate(&keys->current, now_s);
}

void ticket_keys_current(struct ticket_keys *keys, int64_t now_s, struct ticket_key *ret_key)
{
    pthread_mutex_lock(&keys->lock);
    turn_over(keys, now_s);
    *ret_key = keys->current;
    pthread_mutex_unlock(&keys->lock);
}

bool ticket_keys_find(struct ticket_keys *keys, int64_t now_s,
                      const unsigned char name[TICKET_KEY_NAME_LENGTH], struct ticket_key *ret_key,
                      bool *ret_is_current)
{
    const struct ticket_key *found = NULL;
    pthread_mutex_lock(&keys->lock);
    turn_over(keys, now_s);
    if (memcmp(keys->current.name, name, TICKET_KEY_NAME_LENGTH) == 0)
        found = &keys->current;
    else if (keys->has_previous && memcmp(keys->previous.name, name, TICKET_KEY_NAME_LENGTH) == 0)
        found = &keys->previous;
    *ret_is_current = found == &keys->current;
    if (found)
        *ret_key = *found;
    pthread_mutex_unlock(&keys->lock);
    return found != NULL;
}
