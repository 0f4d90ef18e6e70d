#include "welch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CROPS = 100, CLASS_LEAST = 5000 };

/* Of one class, by Welford's method. */
struct moments {
    double count, mean, squares;
};

static void add(struct moments *moments, double value)
{
    double difference = value - moments->mean;
    moments->count++;
    moments->mean += difference / moments->count;
    moments->squares += difference * (value - moments->mean);
}

static double variance_of_mean(const struct moments *moments)
{
    return moments->squares / (moments->count - 1) / moments->count;
}

static double welch_below(const uint32_t *times, const uint8_t *classes, size_t count,
                          uint32_t bound)
{
    struct moments moments[2] = {{0}};
    for (size_t i = 0; i < count; i++) {
        if (times[i] <= bound)
            add(&moments[classes[i]], times[i]);
    }
    if (moments[0].count < CLASS_LEAST || moments[1].count < CLASS_LEAST)
        return 0;
    double spread = sqrt(variance_of_mean(&moments[0]) + variance_of_mean(&moments[1]));
    return spread > 0 ? fabs(moments[0].mean - moments[1].mean) / spread : 0;
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

double welch_largest(const uint32_t *times, const uint8_t *classes, size_t count)
{
    uint32_t *sorted = malloc(count * sizeof(*sorted));
    double largest = welch_below(times, classes, count, UINT32_MAX);
    if (!sorted)
        abort();
    memcpy(sorted, times, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare);
    for (int i = 1; i <= CROPS; i++) {
        double share = 1 - pow(0.5, 10.0 * i / CROPS);
        double t =
            welch_below(times, classes, count, sorted[(size_t)(share * (double)(count - 1))]);
        largest = t > largest ? t : largest;
    }
    free(sorted);
    return largest;
}
