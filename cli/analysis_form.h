/* What the command line says of an analysis, whatever is analysed. */
#ifndef CLI_ANALYSIS_FORM_H
#define CLI_ANALYSIS_FORM_H

#include "arguments.h"
#include "model/analysis_options.h"

enum { ROWS_DEFAULT = 20, ROWS_MOST = 1000 };

/* Reads --measures, --separators, --prefix-depth and --top over what is there; mistakes are
 * ERROR_INVALID_PARAMETER. */
int analysis_form_read(const struct arguments *arguments, struct scan_analysis_options *options,
                       struct error *err);

/* Reads --limit, the rows of a table. */
int analysis_form_read_rows(const struct arguments *arguments, int *ret_rows, struct error *err);

#endif
