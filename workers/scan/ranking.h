/* The N keys with the highest score, exact: score descending, then name ascending by bytes, then
 * database.  A key that is offered again counts once, with its higher score. */
#ifndef SCAN_RANKING_H
#define SCAN_RANKING_H

#include <stdint.h>

#include "base/text.h"
#include "batch.h"
#include "insight/key_name.h"

struct ranked_key {
    char *name; /* the first `kept` bytes, whole UTF-8 characters where they are any */
    size_t kept;
    size_t length;
    uint64_t hash; /* of a name that is not kept whole */
    bool utf8;     /* all of it */
    int slot;      /* that a cluster keeps it in */
    int db;
    enum scan_key_type type;
    int64_t size;
    int64_t bytes;
    int64_t score;
};

struct kept_name ranked_key_name(const struct ranked_key *key);

struct ranking {
    struct ranked_key *places; /* best first */
    int count;
    int capacity;
};

void ranking_init(struct ranking *ranking, int capacity);
void ranking_release(struct ranking *ranking);

/* Whether the key would take a place if it were offered. */
bool ranking_admits(const struct ranking *ranking, int db, const struct scan_key *key,
                    int64_t score);

/* The score below which no key takes a place; INT64_MIN: any does. */
int64_t ranking_least(const struct ranking *ranking);
void ranking_offer(struct ranking *ranking, int db, const struct scan_key *key, int64_t score);

/* The key's place, or null; its type and size may be changed until the ranking is. */
struct ranked_key *ranking_find(struct ranking *ranking, int db, struct text name);

/* Takes a key out, because it has become something else. */
void ranking_remove(struct ranking *ranking, int db, struct text name);

/* The same for a key of another ranking. */
void ranking_offer_key(struct ranking *ranking, const struct ranked_key *key);
void ranking_remove_key(struct ranking *ranking, const struct ranked_key *key);

#endif
