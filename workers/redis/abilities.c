/* Reads the table of abilities. */
#include "redis/abilities.h"

#include <limits.h>
#include <string.h>

#define VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))

enum { AS_REDIS = 0, NEVER = INT_MAX };

static const struct {
    const char *asked;
    int redis, valkey;
    enum redis_absence absence;
} abilities[REDIS_ABILITY_COUNT] = {
#define X(symbol, asked, redis, valkey, absence)                                                   \
    [REDIS_HAS_##symbol] = {asked, redis, valkey, REDIS_ABSENT_##absence},
#include "redis/abilities.def"
#undef X
};

bool redis_probe_has(const struct redis_probe *probe, enum redis_ability ability)
{
    if (strcmp(probe->engine, "Valkey") == 0 && abilities[ability].valkey != AS_REDIS)
        return probe->engine_version >= abilities[ability].valkey;
    return probe->redis_version >= abilities[ability].redis;
}

const char *redis_ability_name(enum redis_ability ability)
{
    return abilities[ability].asked;
}

enum redis_absence redis_ability_absence(enum redis_ability ability)
{
    return abilities[ability].absence;
}
