/* Parts of a checkpoint, written and read back as values are (insight/saved_value.h): a reader that
 * returns false may have taken a part. */
#ifndef SCAN_SAVED_H
#define SCAN_SAVED_H

#include <jansson.h>

#include "base/json_writer.h"
#include "insight/saved_value.h"
#include "ranking.h"
#include "redis/slots.h"
#include "scan/profile.h"

void saved_slots_write(struct json_writer *json, const char *name, const struct redis_slots *slots);
bool saved_slots_read(const json_t *object, const char *name, struct redis_slots *ret_slots);

void saved_cost_write(struct json_writer *json, const char *name, const struct scan_cost *cost);
bool saved_cost_read(const json_t *object, const char *name, struct scan_cost *ret_cost);

void saved_ranking_write(struct json_writer *json, const char *name, const struct ranking *ranking);
/* Offers what is there to the ranking. */
bool saved_ranking_read(const json_t *object, const char *name, struct ranking *ranking);

#endif
