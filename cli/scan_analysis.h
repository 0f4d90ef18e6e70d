/* What an analysis found, as tables for people. */
#ifndef CLI_SCAN_ANALYSIS_H
#define CLI_SCAN_ANALYSIS_H

#include "scan_options.h"

/* Types, databases, shards, prefixes, the largest keys and histograms: a table each where there is
 * something to tell; at most the options' limit of rows of those that may be long. */
int scan_analysis_write(const struct scan_options *options, const struct scan_outcome *outcome,
                        struct error *err);

#endif
