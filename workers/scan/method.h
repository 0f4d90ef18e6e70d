/* What a kind of scan is to the driver: a plug-in of a few functions.
 *
 * A kind answers three questions: may it run here (check), what does it ask about a batch of keys
 * (ask and answer, stage after stage), and how does it rank (finish).  The driver owns the
 * connection, SCAN, the deadline and cancellation; a method never waits and never reads the
 * connection. */
#ifndef SCAN_METHOD_H
#define SCAN_METHOD_H

#include "batch.h"
#include "scan/scan.h"

struct redis_probe;

struct scan_method {
    /* Returns why the kind cannot run on that server, or null.  A null function: it can. */
    const char *(*check)(const struct redis_probe *server);

    /* State of one scan; null where there is none. */
    void *(*new)(void);
    void (*free)(void *state);

    /* Asks batch->stage's questions by scan_batch_ask; asking none ends the batch.  Null: nothing
     * is asked about keys.  Stages count from 0 and begin when all answers of the one before are
     * there. */
    int (*ask)(void *state, struct scan_batch *batch, struct error *err);

    /* Takes the answer to the command about the key. */
    int (*answer)(void *state, struct scan_batch *batch, struct scan_key *key,
                  const struct scan_command *command, const struct redis_reply *reply,
                  struct error *err);

    /* Fills num and keys of an outcome whose other members are there. */
    void (*finish)(void *state, struct scan_outcome *outcome);
};

extern const struct scan_method scan_method_bigkey;
extern const struct scan_method scan_method_expired;

const struct scan_method *scan_method_of(enum scan_kind_id id);

#endif
