/* The scan of one node: all of its keys, with a method state of its own. */
#ifndef SCAN_NODE_SCAN_H
#define SCAN_NODE_SCAN_H

#include "method.h"
#include "redis/slots.h"

/* What the request's target is to be. */
struct node_place {
    bool cluster; /* a node of one */
    bool replica; /* one that has all that its master had written up to the offset */
    bool master;  /* neither set: whatever it is */
    int64_t offset;
    const struct redis_slots *slots; /* all that is to be read of it; null: everything */
    const json_t *resume;            /* a checkpoint of an earlier scan, maybe of another node */
};

struct node_result {
    const struct scan_method *method;
    void *state;                 /* the method's */
    struct scan_outcome outcome; /* without num and keys */
    struct redis_slots redirected;
    struct redis_slots settled; /* those of the place's slots that were read whole */
};

/* Fails as scan_run does, and with ERROR_REDIS_UNREADY where the server is not what it is to be, or
 * does not stay that.  Only on success is there something to release. */
int node_scan_run(const struct scan_request *request, const struct node_place *place,
                  struct node_result *ret_result, struct error *err);
void node_result_release(struct node_result *result);

/* The same where that node has all keys: a whole scan. */
int node_scan_run_alone(const struct scan_request *request, const struct node_place *place,
                        struct scan_outcome *ret_outcome, struct error *err);

/* An error that may not come again, elsewhere or later. */
bool node_error_passes(enum error_code code);

/* An error that is not the node's: nothing more is to be tried. */
bool node_error_ends_the_scan(enum error_code code);

#endif
