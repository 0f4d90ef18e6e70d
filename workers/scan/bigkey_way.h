/* Which of two ways asks less about a batch of keys: TYPE and the length of each, or MEMORY USAGE
 * of each and the rest only about candidates.
 *
 * The second pays where few keys are candidates, which is so once the rankings are full of keys
 * that are much larger than most: so a batch now and then tries it.  It is taken always where
 * lengths would disturb the server's counters of use, or bytes are wanted, and never again where
 * the server has refused it.  Plain values. */
#ifndef SCAN_BIGKEY_WAY_H
#define SCAN_BIGKEY_WAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BIGKEY_TRIAL_KEYS = 20000,  /* by lengths between two tries */
    BIGKEY_SAMPLE_KEYS = 500,   /* by bytes, after which the share of candidates is known */
    BIGKEY_CANDIDATES_MOST = 30 /* %, above which lengths cost less */
};

struct bigkey_way {
    bool allowed;
    bool always;
    bool by_bytes;
    int64_t lengths;          /* keys, since the last try */
    int64_t keys, candidates; /* of the sample */
};

/* Whether the next batch goes by bytes.  Able: there are bytes below which no key is a candidate.
 */
bool bigkey_way_choose(struct bigkey_way *way, bool able, int64_t keys);

/* A key was asked for its bytes. */
void bigkey_way_take(struct bigkey_way *way, bool candidate);

/* The server has refused it. */
void bigkey_way_refuse(struct bigkey_way *way);

#endif
