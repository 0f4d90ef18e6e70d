/* Sentinels: who the master is that they watch (redis.io/docs/management/sentinel). */
#ifndef INSTANCE_SENTINEL_H
#define INSTANCE_SENTINEL_H

#include "instance/target.h"

/* Asks the Sentinel at the target's endpoint, without the target's credentials where it wants none,
 * and makes its master the target's endpoint, as the target's address map says.  Fails with
 * ERROR_REDIS_REFUSED where it knows no master of that name, or as redis_connection_open does. */
int sentinel_follow(struct instance_target *target, struct redis_interrupt interrupt,
                    struct error *err);

#endif
