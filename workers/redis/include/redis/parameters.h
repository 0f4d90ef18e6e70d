/* Configuration parameters by name.  Nothing but the names asked for is kept, whatever the server
 * sends. */
#ifndef REDIS_PARAMETERS_H
#define REDIS_PARAMETERS_H

#include "redis/probe.h"

enum { REDIS_PARAMETERS_MAX = 32, REDIS_PARAMETER_BYTES_MAX = 255 };

/* The values of names (at most REDIS_PARAMETERS_MAX), in their order; null where the server has no
 * such parameter or its value is longer or not printable ASCII. */
struct redis_parameters {
    int count; /* of values that are there */
    char *values[REDIS_PARAMETERS_MAX];
};

/* CONFIG GET over a connection that has nothing in flight: one call on servers from 7.0, which take
 * many names; a pipelined call for each before.  A refusal is no failure, it leaves the values
 * null.  The result is released by redis_parameters_release, also after a failure. */
int redis_parameters_ask(struct redis_connection *connection, const struct redis_probe *server,
                         const char *const *names, int name_count,
                         struct redis_parameters *ret_parameters, struct error *err);
void redis_parameters_release(struct redis_parameters *parameters);

/* Takes what is wanted out of one reply, which may be an error. */
void redis_parameters_add(struct redis_parameters *parameters, const struct redis_reply *reply,
                          const char *const *names, int name_count);

#endif
