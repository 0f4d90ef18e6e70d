/* A try is a sample like those that follow it: the way is left when one has too many candidates. */
#include "bigkey_way.h"

bool bigkey_way_choose(struct bigkey_way *way, bool able, int64_t keys)
{
    if (!way->allowed)
        return false;
    if (way->always)
        return true;
    if (!able)
        way->by_bytes = false;
    else if (!way->by_bytes && way->lengths >= BIGKEY_TRIAL_KEYS)
        way->by_bytes = true;
    if (way->by_bytes) {
        way->lengths = 0;
        return true;
    }
    way->lengths += keys;
    return false;
}

void bigkey_way_take(struct bigkey_way *way, bool candidate)
{
    way->candidates += candidate;
    if (++way->keys < BIGKEY_SAMPLE_KEYS)
        return;
    way->by_bytes = way->candidates * 100 <= way->keys * BIGKEY_CANDIDATES_MOST;
    way->keys = way->candidates = 0;
}

void bigkey_way_refuse(struct bigkey_way *way)
{
    way->allowed = false;
}
