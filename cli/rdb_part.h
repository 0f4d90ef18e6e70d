/* One part of a document as a table for programs, with the columns of the API's exports. */
#ifndef CLI_RDB_PART_H
#define CLI_RDB_PART_H

#include "base/error.h"
#include "base/text.h"
#include "model/analysis_part.h"

/* Writes it to standard output: as comma-separated values with a header, whose texts no spreadsheet
 * takes for formulas, or as a JSON array of objects. */
int rdb_part_write(struct text document, const struct analysis_part *part, bool csv,
                   struct error *err);

#endif
