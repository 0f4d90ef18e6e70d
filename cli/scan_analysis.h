/* What an analysis found, as tables for people. */
#ifndef CLI_SCAN_ANALYSIS_H
#define CLI_SCAN_ANALYSIS_H

#include "base/error.h"
#include "base/text.h"

/* Types, databases, shards, prefixes, the largest keys and histograms: a table each where there is
 * something to tell; at most `limit` rows of those that may be long. */
int scan_analysis_write(struct text result, size_t limit, struct error *err);

#endif
