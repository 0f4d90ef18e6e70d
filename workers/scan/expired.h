/* What a scan for expired keys makes of samples of INFO: pure functions. */
#ifndef SCAN_EXPIRED_H
#define SCAN_EXPIRED_H

#include <stdbool.h>
#include <stdint.h>

struct scan_snapshot;

/* How far the server's counter rose, whatever CONFIG RESETSTAT did in between. */
struct expired_count {
    int64_t last;
    int64_t released; /* at least: what was counted between a sample and a reset is lost */
    int64_t resets;
};

void expired_count_init(struct expired_count *count, int64_t counter);
void expired_count_take(struct expired_count *count, int64_t counter);

/* Whether the server's own expiry falls behind while the scan goes on.  The keys that have a time
 * to live say so: its own guess at what is stale is, as reported, made from samples in the scan's
 * wake, where all was just cleaned, and may stay low (redis/redis#15411). */
struct expired_trend {
    int64_t expires; /* -1: no sample yet */
    int stale;
    int worse, better; /* samples in a row */
    bool starving;
    int64_t times; /* that it began */
};

enum {
    EXPIRED_SAMPLE_MS = 2000,
    EXPIRED_WORSE = 3,           /* samples until it starves */
    EXPIRED_BETTER = 3,          /* and until it does not any more */
    EXPIRED_GROWTH = 200,        /* a sample is worse by a growth of one in so many */
    EXPIRED_GROWTH_LEAST = 1000, /* keys */
    EXPIRED_STALE = 1000,        /* 1/100 %: what a server tolerates at most */
};

void expired_trend_init(struct expired_trend *trend);
/* stale: 1/100 %, -1 where it is not told. */
void expired_trend_take(struct expired_trend *trend, int64_t expires, int stale);

/* Whether so many keys can have expired between the snapshots.  Those that were not there before
 * were written meanwhile: each by a command, of a script or not, or at least by a byte of one. */
bool expired_is_possible(const struct scan_snapshot *before, const struct scan_snapshot *after,
                         int64_t released);

/* What the average rate since the start of the server makes in that time, or 0. */
int64_t expired_usual(const struct scan_snapshot *before, int64_t ms);

#endif
