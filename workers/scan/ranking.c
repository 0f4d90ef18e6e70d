/* A sorted array: nearly every key fails the comparison with the last place and costs no more. */
#include "ranking.h"

#include <stdlib.h>
#include <string.h>

#include "redis/slots.h"

void ranking_init(struct ranking *ranking, int capacity)
{
    *ranking = (struct ranking){.capacity = capacity};
    ranking->places = calloc((size_t)capacity, sizeof(*ranking->places));
    if (!ranking->places)
        abort();
}

void ranking_release(struct ranking *ranking)
{
    for (int i = 0; i < ranking->count; i++)
        free(ranking->places[i].name);
    free(ranking->places);
    *ranking = (struct ranking){0};
}

/* A view of a key as it would be ranked; the name is still the key's own. */
static struct ranked_key candidate_of(int db, const struct scan_key *key, int64_t score)
{
    struct kept_name name = kept_name_of(key->name);
    char *bytes; /* only read from, and replaced by a copy before it is kept */
    memcpy(&bytes, &name.bytes, sizeof(bytes));
    return (struct ranked_key){.name = bytes,
                               .kept = name.kept,
                               .length = name.length,
                               .hash = name.hash,
                               .db = db,
                               .type = key->type,
                               .size = key->size,
                               .bytes = key->bytes,
                               .score = score};
}

struct kept_name ranked_key_name(const struct ranked_key *key)
{
    return (struct kept_name){key->name, key->kept, key->length, key->hash};
}

static int compare_names(const struct ranked_key *a, const struct ranked_key *b)
{
    struct kept_name one = ranked_key_name(a), other = ranked_key_name(b);
    return kept_name_compare(&one, &other);
}

/* Negative where a comes before b. */
static int compare(const struct ranked_key *a, const struct ranked_key *b)
{
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    int order = compare_names(a, b);
    return order != 0 ? order : (a->db > b->db) - (a->db < b->db);
}

static bool admits(const struct ranking *ranking, const struct ranked_key *candidate)
{
    return ranking->count < ranking->capacity ||
           compare(candidate, &ranking->places[ranking->count - 1]) < 0;
}

bool ranking_admits(const struct ranking *ranking, int db, const struct scan_key *key,
                    int64_t score)
{
    if (ranking->count == ranking->capacity && score < ranking->places[ranking->count - 1].score)
        return false;
    struct ranked_key candidate = candidate_of(db, key, score);
    return admits(ranking, &candidate);
}

int64_t ranking_least(const struct ranking *ranking)
{
    return ranking->count < ranking->capacity ? INT64_MIN
                                              : ranking->places[ranking->count - 1].score;
}

static int find(const struct ranking *ranking, const struct ranked_key *candidate)
{
    for (int i = 0; i < ranking->count; i++) {
        if (ranking->places[i].db == candidate->db &&
            ranking->places[i].length == candidate->length &&
            compare_names(&ranking->places[i], candidate) == 0)
            return i;
    }
    return -1;
}

static void remove_place(struct ranking *ranking, int place)
{
    free(ranking->places[place].name);
    ranking->count--;
    memmove(&ranking->places[place], &ranking->places[place + 1],
            (size_t)(ranking->count - place) * sizeof(ranking->places[0]));
}

static void insert(struct ranking *ranking, const struct ranked_key *candidate)
{
    int place = ranking->count;
    while (place > 0 && compare(candidate, &ranking->places[place - 1]) < 0)
        place--;
    memmove(&ranking->places[place + 1], &ranking->places[place],
            (size_t)(ranking->count - place) * sizeof(ranking->places[0]));
    ranking->places[place] = *candidate;
    ranking->places[place].name = text_copy(candidate->name, candidate->kept);
    ranking->count++;
}

/* Makes room for it; false where it has a place that is as good. */
static bool displace(struct ranking *ranking, const struct ranked_key *candidate)
{
    int place = find(ranking, candidate);
    if (place >= 0 && ranking->places[place].score >= candidate->score)
        return false;
    if (place >= 0)
        remove_place(ranking, place);
    else if (ranking->count == ranking->capacity)
        remove_place(ranking, ranking->count - 1);
    return true;
}

void ranking_offer(struct ranking *ranking, int db, const struct scan_key *key, int64_t score)
{
    if (!ranking_admits(ranking, db, key, score))
        return;
    struct ranked_key candidate = candidate_of(db, key, score);
    if (!displace(ranking, &candidate))
        return;
    candidate.utf8 = text_is_utf8(key->name.bytes, key->name.length);
    candidate.slot = redis_key_slot(key->name);
    insert(ranking, &candidate);
}

void ranking_offer_key(struct ranking *ranking, const struct ranked_key *key)
{
    if (admits(ranking, key) && displace(ranking, key))
        insert(ranking, key);
}

struct ranked_key *ranking_find(struct ranking *ranking, int db, struct text name)
{
    struct ranked_key candidate = candidate_of(db, &(struct scan_key){.name = name}, 0);
    int place = find(ranking, &candidate);
    return place >= 0 ? &ranking->places[place] : NULL;
}

void ranking_remove(struct ranking *ranking, int db, struct text name)
{
    struct ranked_key *key = ranking_find(ranking, db, name);
    if (key)
        remove_place(ranking, (int)(key - ranking->places));
}

void ranking_remove_key(struct ranking *ranking, const struct ranked_key *key)
{
    int place = find(ranking, key);
    if (place >= 0)
        remove_place(ranking, place);
}
