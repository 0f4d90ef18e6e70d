/* The addresses where an instance may be found. */
#ifndef SCAN_SEEDS_H
#define SCAN_SEEDS_H

#include "scan/scan.h"

enum { SCAN_SEEDS_MAX = 64 };

struct scan_seeds {
    struct endpoint items[SCAN_SEEDS_MAX];
    int count;
};

/* The request's endpoints, or its target's; what is malformed or too much is left out. */
void scan_seeds_init(struct scan_seeds *seeds, const struct scan_request *request);
void scan_seeds_add(struct scan_seeds *seeds, const struct endpoint *endpoint);

#endif
