/* What ends a scan before its time, for the thread that runs it and what it waits for. */
#ifndef SCAN_PATIENCE_H
#define SCAN_PATIENCE_H

#include "scan/scan.h"

struct scan_patience {
    const struct scan_request *request;
    int64_t started; /* monotonic ms */
};

/* The function of an interrupt whose argument is a patience: fails with ERROR_SCAN_CANCELLED or
 * _DEADLINE. */
int scan_patience_ask(void *patience, struct error *err);

/* Of the request's time, at least 1. */
int64_t scan_patience_left_ms(const struct scan_patience *patience);

#endif
