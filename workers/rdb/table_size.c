#include "table_size.h"

#include <math.h>
#include <stdbool.h>

enum { SLOTS_LEAST = 4, BUCKET = 7, BUCKET_CHAINED = 6 };

static const uint64_t most = (uint64_t)1 << 57;

static uint64_t settled_slots(uint64_t elements)
{
    uint64_t slots = SLOTS_LEAST;
    while (slots < elements && slots < most)
        slots *= 2;
    return slots;
}

/* Expected slots with an element. */
static uint64_t used_slots(uint64_t slots, uint64_t elements)
{
    double all = (double)slots;
    return (uint64_t)(all * -expm1((double)elements * log1p(-1 / all)) + 0.5);
}

uint64_t table_dict_slots(uint64_t elements, struct table_growth growth)
{
    uint64_t slots = settled_slots(elements), before = slots / 2;
    bool grew = before >= SLOTS_LEAST && elements > before && settled_slots(growth.born) < slots;
    if (!grew)
        return slots;
    uint64_t moved = (elements - before - 1) * (uint64_t)growth.moves;
    return moved < used_slots(before, before) ? slots + before : slots;
}

uint64_t table_dict_used(uint64_t elements)
{
    return used_slots(settled_slots(elements), elements);
}

/* Elements are spread over buckets by chance: a binomial distribution, summed from none up. */
static double chained_per_bucket(double elements, double buckets)
{
    double chance = exp(elements * log1p(-1 / buckets)), chained = 0;
    for (int held = 1; held <= elements && (chance > 1e-12 || held < elements / buckets); held++) {
        int beyond = held > BUCKET ? (held - BUCKET + BUCKET_CHAINED - 1) / BUCKET_CHAINED : 0;
        chance *= (elements - held + 1) / held / (buckets - 1);
        chained += chance * beyond;
    }
    return chained;
}

static uint64_t settled_buckets(uint64_t elements)
{
    uint64_t buckets = 1;
    while (buckets * BUCKET < elements && buckets < most / BUCKET)
        buckets *= 2;
    return buckets;
}

static uint64_t chained_buckets(uint64_t elements, uint64_t buckets)
{
    double chained = buckets > 1 ? chained_per_bucket((double)elements, (double)buckets) : 0;
    return (uint64_t)(chained * (double)buckets + 0.5);
}

/* The smaller table was full when the larger one was made. */
uint64_t table_buckets(uint64_t elements, struct table_growth growth)
{
    uint64_t buckets = settled_buckets(elements), before = buckets / 2;
    bool grew = before && settled_buckets(growth.born) < buckets;
    uint64_t moved = grew ? (elements - before * BUCKET - 1) * (uint64_t)growth.moves : 0;
    if (!grew || moved >= before)
        return buckets + chained_buckets(elements, buckets);
    uint64_t left = before - moved;
    uint64_t chained_before = chained_buckets(before * BUCKET, before);
    return buckets + chained_buckets(elements - left * BUCKET, buckets) + before +
           chained_before * left / before;
}
