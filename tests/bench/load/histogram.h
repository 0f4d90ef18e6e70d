/* How often which time was taken, in fixed memory: a bucket is at most 1/128 wide of what it
 * counts.
 */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_PART_BITS = 7,   /* buckets of each power of two */
    HISTOGRAM_VALUE_BITS = 40, /* what takes longer, some 18 minutes, counts as that */
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_PART_BITS + 1) << HISTOGRAM_PART_BITS
};

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    int64_t max_ns;
};

void histogram_add(struct histogram *histogram, int64_t ns);

/* In microseconds: what that part of all, 0 to 1, did not exceed.  0 where there is none. */
double histogram_quantile_us(const struct histogram *histogram, double part);

#endif
