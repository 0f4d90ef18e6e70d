/* SQL on what analyses found: their lists, the parts of their documents, comparisons and series.
 *
 * Documents are taken apart by PostgreSQL, as schema function result_document has them: names are
 * shown through result_name_write (api/result_name.h).  Every statement returns no row where the
 * instance does not exist in the project. */
#ifndef MODEL_ANALYSIS_STORE_H
#define MODEL_ANALYSIS_STORE_H

#include "model/analysis_part.h"
#include "model/scan_task.h"
#include "pg/statement.h"

/* $1 project, $2 instance, $3 status or null, $4 offset, $5 limit: as scan_task_list, of both kinds
 * of analyses, each task followed by what it summed up, null where there is nothing, and its
 * source.
 */
extern const struct pg_statement analysis_list;
enum {
    ANALYSIS_LIST_COUNT,
    ANALYSIS_LIST_FIRST,
    ANALYSIS_LIST_KEYS = ANALYSIS_LIST_FIRST + SCAN_TASK_COLUMN_COUNT,
    ANALYSIS_LIST_BYTES,
    ANALYSIS_LIST_SOURCE, /* ANALYSIS_SOURCE_COLUMNS */
};

/* $1 project, $2 instance, $3 task of any kind, $4 whether all of its result is meant, $5 where in
 * the document of an analysis the entries are (a path, as a text array) and $6 where they are if
 * nothing is there, which only its keys have: these every kind has, as its whole result.  $7 name
 * of a list in each entry whose entries are meant instead, with the outer one's `type`, or null; $8
 * the members to show, as a text array of at most ANALYSIS_PART_MEMBERS_MAX.
 *
 * One row where all is meant, else a row per entry, one with null cells where there is none.
 * Outcomes: `found`, `no_task`, `no_result`. */
extern const struct pg_statement analysis_export;
enum {
    ANALYSIS_EXPORT_OUTCOME,
    ANALYSIS_EXPORT_KIND,
    ANALYSIS_EXPORT_WHOLE, /* the result's text, null unless all is meant */
    ANALYSIS_EXPORT_ENTRY, /* its number; null: the row has none */
    ANALYSIS_EXPORT_FIRST, /* the cells */
};

/* How many entries a list of a comparison has at most. */
#define ANALYSIS_COMPARED_MAX 500

/* $1 project, $2 instance, $3 and $4 the tasks of two analyses.  Outcomes `found`, `no_task`,
 * `no_result`; where they are found first a row of section `summary`, then `types`, `keys` and
 * `prefixes`, the latter two by list and weight of the change. */
extern const struct pg_statement analysis_compare;
enum {
    ANALYSIS_COMPARE_OUTCOME,
    ANALYSIS_COMPARE_SECTION,
    ANALYSIS_COMPARE_LIST, /* new, gone, grown or shrunk */
    ANALYSIS_COMPARE_NAME, /* of the key, or the prefix */
    ANALYSIS_COMPARE_BINARY,
    ANALYSIS_COMPARE_CUT, /* the name is */
    ANALYSIS_COMPARE_TYPE,
    ANALYSIS_COMPARE_DB,
    ANALYSIS_COMPARE_BEFORE_BYTES,
    ANALYSIS_COMPARE_BEFORE_COUNT, /* a key's size; else keys */
    ANALYSIS_COMPARE_AFTER_BYTES,
    ANALYSIS_COMPARE_AFTER_COUNT,
    ANALYSIS_COMPARE_DELTA, /* in bytes, null where these are not known of both */
    ANALYSIS_COMPARE_MOST_BYTES,
    ANALYSIS_COMPARE_MOST_COUNT,
    ANALYSIS_COMPARE_BEFORE_AT, /* of the summary: when each ended */
    ANALYSIS_COMPARE_AFTER_AT,
    ANALYSIS_COMPARE_BEFORE_SOURCE, /* ANALYSIS_SOURCE_COLUMNS of each */
    ANALYSIS_COMPARE_AFTER_SOURCE = ANALYSIS_COMPARE_BEFORE_SOURCE + ANALYSIS_SOURCE_COLUMN_COUNT,
};

/* $1 project, $2 instance, $3 prefix or null for the whole instance, $4 whether it is binary, $5
 * from and $6 to (times or null), $7 limit.  The latest points of that time, the oldest first; one
 * row with a null time where there is none. */
extern const struct pg_statement analysis_series;
enum {
    ANALYSIS_SERIES_AT,
    ANALYSIS_SERIES_TASK,
    ANALYSIS_SERIES_KEYS,
    ANALYSIS_SERIES_BYTES,
    ANALYSIS_SERIES_KEYS_WITHOUT_TTL,
    ANALYSIS_SERIES_BYTES_WITHOUT_TTL,
    ANALYSIS_SERIES_TYPES, /* JSON, of the whole instance only */
};

/* $1 days, $2 most rows, up to 1000.  Forget the oldest points of more than so many days; a row for
 * each. */
extern const struct pg_statement analysis_point_forget, analysis_prefix_point_forget;

#endif
