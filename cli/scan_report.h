/* What a scan found, for people and for programs. */
#ifndef CLI_SCAN_REPORT_H
#define CLI_SCAN_REPORT_H

#include "scan_options.h"
#include "scan_target.h"

/* One JSON object; or tables, a type each, and a summary. */
int scan_report_write(const struct scan_options *options, const struct scan_target *target,
                      const struct scan_outcome *outcome, bool json, struct error *err);

#endif
