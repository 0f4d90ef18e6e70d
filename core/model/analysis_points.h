/* The rows that an analysis leaves in the series of its instance, out of its document: a part of
 * the statement that records its success. */
#ifndef MODEL_ANALYSIS_POINTS_H
#define MODEL_ANALYSIS_POINTS_H

#include "model/scan_kind.h"

/* How many prefixes of one analysis are kept in the series, the heaviest. */
#define ANALYSIS_PREFIXES_KEPT "200"

#define ANALYSIS_TOTALS(object)                                                                    \
    "(" object "->>'keys')::bigint, (" object "->>'bytes')::bigint, "                              \
    "(" object "->>'keys_without_ttl')::bigint, (" object "->>'bytes_without_ttl')::bigint"

/* Of the row of `own` (project_id, instance_id, id, kind, finished_at, node_has_all, backup_id),
 * where it is an analysis: its document, of which `result` is the parameter.  Both end in a comma.
 */
#define ANALYSED(result)                                                                           \
    "analysed AS MATERIALIZED (SELECT own.*, result_document(" result "::text) AS document "       \
    "    FROM own WHERE kind IN " SCAN_KINDS_OF_ANALYSES_SQL " AND " result                        \
    "::text IS NOT NULL), "

/* A point is what the instance came to when the analysis ended: one of a node that had only some of
 * its keys, or of a backup, which is of an earlier day, leaves none. */
#define ANALYSIS_IS_OF_ALL "(kind = 'analysis' OR node_has_all AND backup_id IS NULL)"
#define ANALYSIS_POINTS                                                                            \
    "whole AS (SELECT * FROM analysed WHERE " ANALYSIS_IS_OF_ALL "), "                             \
    "pointed AS (INSERT INTO analysis_point (project_id, instance_id, finished_at, task_id, "      \
    "        keys, bytes, keys_without_ttl, bytes_without_ttl, types) "                            \
    "    SELECT project_id, instance_id, finished_at, id, " ANALYSIS_TOTALS(                       \
        "document") ", "                                                                           \
                    "        (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object("     \
                    "            'type', t->'type', 'keys', t->'keys', 'bytes', t->'bytes')) "     \
                    "ORDER BY n), '[]') "                                                          \
                    "        FROM jsonb_array_elements(document->'types') WITH ORDINALITY AS "     \
                    "types (t, n)) "                                                               \
                    "    FROM whole), "                                                            \
                    "prefixes_pointed AS (INSERT INTO analysis_prefix_point (project_id, "         \
                    "instance_id, "                                                                \
                    "        finished_at, task_id, prefix, is_binary, keys, bytes, "               \
                    "keys_without_ttl, "                                                           \
                    "        bytes_without_ttl) "                                                  \
                    "    SELECT project_id, instance_id, finished_at, id, p->>'prefix', "          \
                    "        coalesce((p->>'binary')::boolean, false), " ANALYSIS_TOTALS(          \
                        "p") " "                                                                   \
                             "    FROM whole, LATERAL (SELECT p "                                  \
                             "        FROM jsonb_array_elements(document #> '{prefixes,items}') "  \
                             "AS items (p) "                                                       \
                             "        ORDER BY (p->>'bytes')::bigint DESC NULLS LAST, "            \
                             "(p->>'keys')::bigint DESC, "                                         \
                             "            p->>'prefix' LIMIT " ANALYSIS_PREFIXES_KEPT              \
                             ") heaviest "                                                         \
                             "    ON CONFLICT DO NOTHING), "

#endif
