/* What a server of a given version can do.  The table is abilities.def: nothing else compares
 * versions of servers.
 *
 * The version only says what there should be: a command may have been renamed, or forbidden to the
 * user, and a service of somebody else's may lack what its version promises.  So an answer is
 * judged as well, never the version alone. */
#ifndef REDIS_ABILITIES_H
#define REDIS_ABILITIES_H

#include "redis/probe.h"

enum redis_ability {
#define X(symbol, asked, redis, valkey, absence) REDIS_HAS_##symbol,
#include "redis/abilities.def"
#undef X
    REDIS_ABILITY_COUNT
};

/* How a server that lacks it answers. */
enum redis_absence {
    REDIS_ABSENT_COMMAND,  /* -ERR unknown command */
    REDIS_ABSENT_ARGUMENT, /* -ERR, about syntax, a subcommand, arguments or the mode */
    REDIS_ABSENT_FIELD,    /* INFO without it */
    REDIS_ABSENT_SILENT    /* an empty answer */
};

/* Whether the engine and version of a probe have it; an engine that is not named is Redis. */
bool redis_probe_has(const struct redis_probe *probe, enum redis_ability ability);

/* The command or field, for messages. */
const char *redis_ability_name(enum redis_ability ability);

enum redis_absence redis_ability_absence(enum redis_ability ability);

#endif
