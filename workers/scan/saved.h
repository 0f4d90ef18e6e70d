/* Parts of a checkpoint, written and read back.
 *
 * What is read was written by an earlier run, of this version or another, and kept by a database:
 * nothing of it is believed before it was checked.  What is wrong is no error but false, and the
 * work is done again; a reader that returns false may have taken a part. */
#ifndef SCAN_SAVED_H
#define SCAN_SAVED_H

#include <jansson.h>

#include "base/json_writer.h"
#include "ranking.h"
#include "redis/slots.h"
#include "scan/profile.h"

bool saved_integer(const json_t *object, const char *name, int64_t least, int64_t most,
                   int64_t *ret_value);
/* At most `longest` bytes and a NUL are written to ret_value. */
bool saved_text(const json_t *object, const char *name, size_t longest, char *ret_value);

void saved_slots_write(struct json_writer *json, const char *name, const struct redis_slots *slots);
bool saved_slots_read(const json_t *object, const char *name, struct redis_slots *ret_slots);

void saved_cost_write(struct json_writer *json, const char *name, const struct scan_cost *cost);
bool saved_cost_read(const json_t *object, const char *name, struct scan_cost *ret_cost);

void saved_ranking_write(struct json_writer *json, const char *name, const struct ranking *ranking);
/* Offers what is there to the ranking. */
bool saved_ranking_read(const json_t *object, const char *name, struct ranking *ranking);

#endif
