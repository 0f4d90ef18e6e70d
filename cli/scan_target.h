/* What is at the URL: found out by asking, so that nobody has to say it. */
#ifndef CLI_SCAN_TARGET_H
#define CLI_SCAN_TARGET_H

#include "redis/probe.h"
#include "scan_options.h"

/* The text of a list of endpoints: the URL's and the options'. */
enum { SCAN_TARGET_TEXT_MAX = (ARGUMENTS_VALUES_MAX + 1) * (ENDPOINT_TEXT_MAX + 1) };

struct scan_target {
    struct redis_probe probe; /* of the first that answered */
    struct endpoint endpoint; /* of that one */
    char endpoints[SCAN_TARGET_TEXT_MAX];
};

/* Asks the URL's server or, where it does not answer, the endpoints in their order; where a master
 * is named these are Sentinels, and it is their master that is asked.  Completes the request:
 * where, and which layout.  The target must live as long as the options. */
int scan_target_find(struct scan_options *options, struct redis_interrupt interrupt,
                     struct scan_target *ret_target, struct error *err);

#endif
