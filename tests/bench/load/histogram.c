/* Buckets by the highest bit and the seven bits behind it. */
#include "histogram.h"

enum { PARTS = 1 << HISTOGRAM_PART_BITS, NS_PER_US = 1000 };

static unsigned bucket_of(uint64_t value)
{
    if (value < PARTS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_PART_BITS;
    return ((shift + 1) << HISTOGRAM_PART_BITS) + (unsigned)((value >> shift) - PARTS);
}

/* Its middle. */
static double value_of(unsigned bucket)
{
    unsigned row = bucket >> HISTOGRAM_PART_BITS, part = bucket & (PARTS - 1);
    if (row == 0)
        return part;
    return ((double)(PARTS + part) + 0.5) * (double)(1ULL << (row - 1));
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    uint64_t value = ns < 0 ? 0 : (uint64_t)ns;
    const uint64_t most = (1ULL << HISTOGRAM_VALUE_BITS) - 1;
    histogram->buckets[bucket_of(value < most ? value : most)]++;
    histogram->count++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

double histogram_quantile_us(const struct histogram *histogram, double part)
{
    double wanted = part * (double)histogram->count;
    uint64_t passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += histogram->buckets[i];
        if (passed > 0 && (double)passed >= wanted) {
            double value = value_of(i), most = (double)histogram->max_ns;
            return (value < most ? value : most) / NS_PER_US;
        }
    }
    return 0;
}
