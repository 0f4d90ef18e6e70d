/* Options that the scan of a server and the reading of a dump have in common. */
#include "analysis_form.h"

#include <string.h>

int analysis_form_read(const struct arguments *arguments, struct scan_analysis_options *options,
                       struct error *err)
{
    const char *measures = arguments_value(arguments, OPTION_MEASURES);
    const char *separators = arguments_value(arguments, OPTION_SEPARATORS);
    int64_t depth = options->prefix_depth, top = options->top;
    if (measures && analysis_measures_parse(measures, &options->measures) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--measures must be of memory, ttl, encoding and usage, each once, with "
                         "commas between, not '%s'",
                         measures);
    if (separators &&
        analysis_separators_parse(separators, strlen(separators), options->separators) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--separators must be 1 to %d different ASCII punctuation characters",
                         ANALYSIS_SEPARATORS_MAX);
    if (arguments_number(arguments, OPTION_PREFIX_DEPTH, 1, ANALYSIS_DEPTH_MAX, &depth, err) < 0 ||
        arguments_number(arguments, OPTION_TOP, 1, ANALYSIS_TOP_MAX, &top, err) < 0)
        return -1;
    options->prefix_depth = (int)depth;
    options->top = (int)top;
    return 0;
}

int analysis_form_read_rows(const struct arguments *arguments, int *ret_rows, struct error *err)
{
    int64_t rows = ROWS_DEFAULT;
    if (arguments_number(arguments, OPTION_LIMIT, 1, ROWS_MOST, &rows, err) < 0)
        return -1;
    *ret_rows = (int)rows;
    return 0;
}
