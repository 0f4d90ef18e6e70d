/* A connection that answers with the replies of any bytes, in their order, whatever is asked.
 *
 * It takes the place of workers/redis/connection.c: the functions of redis/connection.h are defined
 * here, over the real reader of replies.  When the bytes end, the connection breaks. */
#ifndef FUZZ_REPLIES_H
#define FUZZ_REPLIES_H

#include "fuzz.h"
#include "redis/connection.h"

struct redis_connection *fuzz_replies_open(struct text bytes);

#endif
