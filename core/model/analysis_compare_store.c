/* Two analyses against each other, taken apart and matched by PostgreSQL. */
#include "model/analysis_store.h"

/* ISO C99 promises 4095 characters in a literal; every compiler that is supported takes more. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

#define QUOTE(number) QUOTE_AGAIN(number)
#define QUOTE_AGAIN(number) #number

/* How many of the heaviest prefixes a document has for certain, by bytes and by keys, and how many
 * keys a ranking has where its task does not say (model/analysis_options.h). */
#define PREFIXES_LISTED "500"
#define TOP "coalesce((options->>'top')::bigint, 100)"

/* Each side is one row, with its document taken apart once. */
#define SIDES                                                                                      \
    "sides AS MATERIALIZED (SELECT side, t.id, t.finished_at, " TOP " AS top, "                    \
    "        result_document(r.keys) AS document, " ANALYSIS_SOURCE_COLUMNS " "                    \
    "    FROM (VALUES ('before', $3::uuid), ('after', $4::uuid)) AS wanted (side, id) "            \
    "    JOIN scan_task t ON t.project_id = $1::uuid AND t.id = wanted.id "                        \
    "        AND t.instance_id = $2::uuid AND t.kind IN " SCAN_KINDS_OF_ANALYSES_SQL " "           \
    "    LEFT JOIN scan_result r ON r.project_id = t.project_id AND r.task_id = t.id), "           \
    "verdict AS (SELECT CASE WHEN (SELECT count(*) FROM sides) < 2 THEN 'no_task' "                \
    "        WHEN EXISTS (SELECT FROM sides WHERE document IS NULL) THEN 'no_result' "             \
    "        ELSE 'found' END AS outcome "                                                         \
    "    FROM instance WHERE project_id = $1::uuid AND id = $2::uuid), "                           \
    "found AS MATERIALIZED (SELECT s.* FROM sides s, verdict WHERE outcome = 'found'), "

/* What each ranking says of a key: one that is in both is the same in both.  A shard is no part of
 * a key, as slots move. */
#define RANKED(ranking)                                                                            \
    "SELECT side, '" ranking "' AS ranking, k.name COLLATE \"C\" AS name, \"binary\", "            \
    "    name_cut, name_hash, type, db, bytes, size FROM found, "                                  \
    "    jsonb_to_recordset(document->'" ranking "') AS k (name text, \"binary\" boolean, "        \
    "        name_cut boolean, name_hash text, type text, db integer, bytes bigint, size bigint) "
#define RANKED_BY_BYTES RANKED("largest_by_bytes")
#define RANKED_BY_SIZE RANKED("largest_by_size")
/* How much of a long name is shown follows from each task's `top`, so its hash tells which it is;
 * documents of before, which have none, show all that was kept.  `marked` keeps a name apart that
 * reads as another's hash, or that ends in the same ellipsis. */
#define KEYS                                                                                       \
    "ranked AS MATERIALIZED (" RANKED_BY_BYTES "UNION ALL " RANKED_BY_SIZE "), "                   \
    "told AS (SELECT bool_and(document ? 'name_kept') AS by_hash FROM found), "                    \
    "identified AS (SELECT r.*, CASE WHEN by_hash THEN coalesce(name_hash, name) ELSE name END "   \
    "        COLLATE \"C\" AS identity, coalesce(CASE WHEN by_hash THEN name_hash IS NOT NULL "    \
    "        ELSE name_cut END, false) AS marked FROM ranked r, told), "                           \
    "named AS (SELECT DISTINCT ON (side, db, identity, is_binary, marked) side, name, identity, "  \
    "        marked, coalesce(\"binary\", false) AS is_binary, coalesce(name_cut, false) AS "      \
    "is_cut, type, coalesce(db, 0) AS db, bytes, size FROM identified "                            \
    "    ORDER BY side, db, identity, is_binary, marked, bytes NULLS LAST), "

/* The weakest place of a ranking that is full: what is not in it is at most that large.  That of
 * bytes counts where bytes were measured, else that of the key's type. */
#define WEAKEST                                                                                    \
    "measured AS (SELECT side, top, count(bytes) AS listed, min(bytes) AS least "                  \
    "    FROM found LEFT JOIN ranked USING (side) "                                                \
    "    WHERE ranking IS NULL OR ranking = 'largest_by_bytes' GROUP BY side, top), "              \
    "weakest AS MATERIALIZED (SELECT side, NULL::text AS type, least AS bytes, NULL::bigint AS "   \
    "size "                                                                                        \
    "        FROM measured WHERE listed >= top "                                                   \
    "    UNION ALL SELECT side, type, NULL, min(size) FROM found JOIN ranked USING (side) "        \
    "        WHERE ranking = 'largest_by_size' AND NOT EXISTS (SELECT FROM measured m "            \
    "            WHERE m.side = found.side AND m.listed > 0) "                                     \
    "        GROUP BY side, type, top HAVING count(*) >= top), "

#define MATCHED(of)                                                                                \
    "FROM (SELECT * FROM " of " WHERE side = 'before') before "                                    \
    "    FULL JOIN (SELECT * FROM " of " WHERE side = 'after') after "
#define SAME                                                                                       \
    "ON before.db = after.db AND before.identity = after.identity "                                \
    "    AND before.is_binary = after.is_binary AND before.marked = after.marked "
/* Which side does not have it; null: both have. */
#define ABSENT                                                                                     \
    "CASE WHEN before.side IS NULL THEN 'before' WHEN after.side IS NULL THEN 'after' END "
#define FIGURES                                                                                    \
    "before.side IS NULL AS is_new, after.side IS NULL AS is_gone, "                               \
    "        before.bytes AS before_bytes, before.size AS before_count, "                          \
    "        after.bytes AS after_bytes, after.size AS after_count, "
#define NAME                                                                                       \
    "coalesce(after.name, before.name) AS name, "                                                  \
    "        coalesce(after.identity, before.identity) AS identity, "                              \
    "        coalesce(after.is_binary, before.is_binary) AS is_binary, "

#define COMPARED_KEYS                                                                              \
    "compared_keys AS (SELECT 'keys' AS section, " NAME                                            \
    "        coalesce(after.is_cut, before.is_cut) AS is_cut, "                                    \
    "        coalesce(after.type, before.type) AS type, coalesce(after.db, before.db) AS "         \
    "db, " FIGURES "        w.bytes AS most_bytes, w.size AS most_count " MATCHED("named") SAME    \
        "    LEFT JOIN weakest w ON w.side = " ABSENT                                              \
        "        AND (w.type IS NULL OR w.type = coalesce(after.type, before.type))), "

/* What a sketch does not have weighs at most what its smallest counter says, which is a share of
 * the whole. */
#define LIGHTEST(member)                                                                           \
    "coalesce((SELECT (p->>'" member "')::bigint "                                                 \
    "    FROM jsonb_array_elements(document #> '{prefixes,items}') AS i (p) "                      \
    "    ORDER BY 1 DESC NULLS LAST OFFSET " PREFIXES_LISTED " - 1 LIMIT 1), "                     \
    "CASE WHEN NOT (document #>> '{prefixes,exact}')::boolean THEN (document->>'" member           \
    "')::bigint / nullif((document #>> '{prefixes,capacity}')::bigint, 0) END) AS " member
#define LIGHTEST_BYTES LIGHTEST("bytes")
#define LIGHTEST_KEYS LIGHTEST("keys")
#define PREFIXES                                                                                   \
    "grouped AS MATERIALIZED (SELECT side, (p->>'prefix') COLLATE \"C\" AS name, "                 \
    "        (p->>'prefix') COLLATE \"C\" AS identity, false AS marked, "                          \
    "        coalesce((p->>'binary')::boolean, false) AS is_binary, false AS is_cut, "             \
    "        0 AS db, (p->>'bytes')::bigint AS bytes, (p->>'keys')::bigint AS size "               \
    "    FROM found, jsonb_array_elements(document #> '{prefixes,items}') AS items (p)), "         \
    "lightest AS MATERIALIZED (SELECT side, " LIGHTEST_BYTES ", " LIGHTEST_KEYS " FROM found), "   \
    "compared_prefixes AS (SELECT 'prefixes' AS section, " NAME                                    \
    "        false AS is_cut, NULL::text AS type, NULL::integer AS db, " FIGURES                   \
    "        l.bytes AS most_bytes, CASE WHEN l.bytes IS NULL THEN l.keys END AS "                 \
    "most_count " MATCHED("grouped") SAME "    LEFT JOIN lightest l ON l.side = " ABSENT "), "

/* By bytes where both have them, else by sizes and counts; what is on one side only weighs what it
 * has there. */
#define LISTS                                                                                      \
    "weighed AS (SELECT *, after_bytes - before_bytes AS delta, "                                  \
    "        CASE WHEN is_new THEN coalesce(after_bytes, after_count) "                            \
    "            WHEN is_gone THEN -coalesce(before_bytes, before_count) "                         \
    "            ELSE coalesce(after_bytes - before_bytes, after_count - before_count) END "       \
    "            AS weight "                                                                       \
    "    FROM (SELECT * FROM compared_keys UNION ALL SELECT * FROM compared_prefixes) c), "        \
    "listed AS (SELECT *, CASE WHEN is_new THEN 'new' WHEN is_gone THEN 'gone' "                   \
    "            WHEN weight > 0 THEN 'grown' ELSE 'shrunk' END AS list "                          \
    "    FROM weighed WHERE is_new OR is_gone OR weight <> 0), "                                   \
    "placed AS (SELECT *, row_number() OVER (PARTITION BY section, list "                          \
    "        ORDER BY abs(weight) DESC, name, db, is_binary, identity) AS place FROM listed), "

#define TYPES                                                                                      \
    "typed AS (SELECT side, t->>'type' AS type, (t->>'keys')::bigint AS keys, "                    \
    "        (t->>'bytes')::bigint AS bytes, n "                                                   \
    "    FROM found, jsonb_array_elements(document->'types') WITH ORDINALITY AS types (t, n)), "

#define MATCHED_TYPES MATCHED("typed") "        USING (type) "
#define COMPARED_MAX QUOTE(ANALYSIS_COMPARED_MAX)
#define ANSWER                                                                                     \
    "answer AS (SELECT 0 AS part, 0::bigint AS place, 'summary' AS section, NULL AS list, "        \
    "        NULL AS name, NULL::boolean AS is_binary, NULL::boolean AS is_cut, NULL AS type, "    \
    "        NULL::integer AS db, (b.document->>'bytes')::bigint AS before_bytes, "                \
    "        (b.document->>'keys')::bigint AS before_count, "                                      \
    "        (a.document->>'bytes')::bigint AS after_bytes, "                                      \
    "        (a.document->>'keys')::bigint AS after_count, NULL::bigint AS delta, "                \
    "        NULL::bigint AS most_bytes, NULL::bigint AS most_count, "                             \
    "        b.finished_at AS before_at, a.finished_at AS after_at "                               \
    "    FROM found b, found a WHERE b.side = 'before' AND a.side = 'after' "                      \
    "    UNION ALL SELECT 1, coalesce(after.n, before.n), 'types', NULL, NULL, NULL, NULL, "       \
    "        coalesce(after.type, before.type), NULL, before.bytes, before.keys, after.bytes, "    \
    "        after.keys, after.bytes - before.bytes, NULL, NULL, NULL, NULL " MATCHED_TYPES        \
    "    UNION ALL SELECT 2, place, section, list, name, is_binary, is_cut, type, db, "            \
    "        before_bytes, before_count, after_bytes, after_count, delta, most_bytes, "            \
    "        most_count, NULL, NULL FROM placed WHERE place <= " COMPARED_MAX "), "

/* Of each side, with the summary only; apart from the documents, which would be read again for each
 * row. */
#define SOURCE "kind, node_id, node_host, node_port, node_role, node_shard, backup_id "
#define SOURCES "sources AS MATERIALIZED (SELECT side, " SOURCE "FROM sides) "
#define SOURCE_OF(side)                                                                            \
    side ".kind, " side ".node_id, " side ".node_host, " side ".node_port, " side                  \
         ".node_role, " side ".node_shard, " side ".backup_id "
#define BOTH_SOURCES ", " SOURCE_OF("earlier") ", " SOURCE_OF("later")
#define WITH_SOURCES                                                                               \
    "LEFT JOIN sources earlier ON part = 0 AND earlier.side = 'before' "                           \
    "LEFT JOIN sources later ON part = 0 AND later.side = 'after' "

const struct pg_statement analysis_compare = {
    "analysis_compare",
    "WITH " SIDES KEYS WEAKEST COMPARED_KEYS PREFIXES LISTS TYPES ANSWER SOURCES
    "SELECT outcome, section, list, name, is_binary, is_cut, type, db, before_bytes, "
    "    before_count, after_bytes, after_count, delta, most_bytes, most_count, before_at, "
    "    after_at " BOTH_SOURCES "FROM verdict LEFT JOIN answer ON true " WITH_SOURCES
    "ORDER BY part, section, array_position(ARRAY['new', 'gone', 'grown', 'shrunk'], list), place",
    4, PG_READS};
