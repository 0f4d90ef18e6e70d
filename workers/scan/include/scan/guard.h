/* The probe of a scan: a thread that pings the server on a connection of its own, a few times a
 * second, whatever the scan itself waits for.
 *
 * It comes late (no connection for a scan that ends at once) and never fails a scan: where the
 * server has no connection left for it, it tries again and has nothing to tell. */
#ifndef SCAN_GUARD_H
#define SCAN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct redis_connection;
struct redis_target;
struct guard;

enum { GUARD_INTERVAL_MS = 200 };

/* What a PING takes before anything else is asked, over a connection where nothing may be in
 * flight: the least of a few, us, and the one in the middle. */
int guard_measure(struct redis_connection *connection, int64_t *ret_least_us, int64_t *ret_usual_us,
                  struct error *err);

/* The target must live as long as the guard.  Null where no thread could be had. */
struct guard *guard_new(const struct redis_target *target);
/* Waits for the thread, 100 ms at most but for the resolver of names. */
void guard_free(struct guard *guard);

/* Takes the oldest latency (us) that was not taken yet; false: there is none.  Of many the last
 * few are kept. */
bool guard_take(struct guard *guard, int64_t *ret_latency_us);

/* How long a ping has been waiting for its answer, us; 0: none waits. */
int64_t guard_waiting_us(struct guard *guard, int64_t now_us);

#endif
