/* The keys that a scan found, as tables for people. */
#ifndef CLI_SCAN_KEYS_H
#define CLI_SCAN_KEYS_H

#include "scan_options.h"

/* A table for each type of big keys, one for hot keys; at most the options' limit of rows each. */
int scan_keys_write(const struct scan_options *options, const struct scan_outcome *outcome,
                    struct error *err);

/* Whether a name, as the API writes it, stands for bytes that are no UTF-8: every backslash begins
 * `\\` or `\xHH` of a byte from 80 on, and one of the latter is there. */
bool scan_keys_is_binary(struct text shown);

#endif
