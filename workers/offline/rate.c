/* Time of which no whole byte came is kept: low rates would never get one else. */
#include "rate.h"

enum { US_OF_S = 1000000 };

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void rate_init(struct rate *rate, int64_t now_us)
{
    *rate = (struct rate){.at_us = now_us};
}

int64_t rate_allow(struct rate *rate, int64_t per_second, int64_t now_us, int64_t *ret_wait_us)
{
    int64_t burst = per_second / RATE_BURST_PARTS > 0 ? per_second / RATE_BURST_PARTS : 1;
    int64_t piece = lesser(burst, RATE_PIECE_LEAST);
    int64_t elapsed = now_us - rate->at_us;
    if (elapsed >= US_OF_S) {
        rate->credit = burst;
        rate->at_us = now_us;
    } else {
        int64_t gained = elapsed * per_second / US_OF_S;
        rate->credit = lesser(rate->credit + gained, burst);
        rate->at_us += (gained * US_OF_S + per_second - 1) / per_second;
    }
    if (rate->credit >= piece)
        return rate->credit;
    *ret_wait_us = (piece - rate->credit) * US_OF_S / per_second + 1;
    return 0;
}

void rate_take(struct rate *rate, int64_t bytes)
{
    rate->credit -= bytes;
}
