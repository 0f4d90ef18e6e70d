/* Lists, parts and series of analyses. */
#include "model/analysis_store.h"

#define OF_INSTANCE                                                                                \
    "FROM scan_task WHERE project_id = $1::uuid AND instance_id = $2::uuid "                       \
    "AND kind IN " SCAN_KINDS_OF_ANALYSES_SQL " AND ($3::text IS NULL OR status = $3::text) "

const struct pg_statement analysis_list = {
    "analysis_list",
    "SELECT n.count, " SCAN_TASK_COLUMNS ", coalesce(p.keys, r.analysed_keys), "
    "coalesce(p.bytes, r.analysed_bytes), " ANALYSIS_SOURCE_COLUMNS " FROM instance i "
    "CROSS JOIN LATERAL (SELECT count(*) AS count " OF_INSTANCE ") n "
    "LEFT JOIN LATERAL (SELECT * " OF_INSTANCE
    "    ORDER BY created_at DESC, id DESC OFFSET $4::bigint LIMIT $5::bigint) t ON true "
    "LEFT JOIN analysis_point p ON p.project_id = t.project_id AND p.instance_id = t.instance_id "
    "    AND p.finished_at = t.finished_at AND p.task_id = t.id "
    "LEFT JOIN scan_result r ON r.project_id = t.project_id AND r.task_id = t.id "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid ORDER BY t.created_at DESC, t.id DESC",
    5, PG_READS};

/* The document is taken apart once, and not at all where its text is what is sent. */
const struct pg_statement analysis_export = {
    "analysis_export",
    "WITH target AS MATERIALIZED (SELECT CASE WHEN t.id IS NULL THEN 'no_task' "
    "        WHEN r.keys IS NULL OR (t.kind NOT IN " SCAN_KINDS_OF_ANALYSES_SQL
    "            AND NOT $4::boolean AND $6::text[] IS NULL) THEN 'no_result' ELSE 'found' END "
    "AS outcome, "
    "        t.kind, CASE WHEN $4::boolean THEN r.keys END AS whole, "
    "        CASE WHEN NOT $4::boolean THEN result_document(r.keys) END AS document "
    "    FROM instance i LEFT JOIN scan_task t ON t.project_id = i.project_id "
    "        AND t.instance_id = i.id AND t.id = $3::uuid "
    "    LEFT JOIN scan_result r ON r.project_id = t.project_id AND r.task_id = t.id "
    "    WHERE i.project_id = $1::uuid AND i.id = $2::uuid), "
    "listed AS MATERIALIZED (SELECT CASE jsonb_typeof(list) WHEN 'array' THEN list END AS list "
    "    FROM (SELECT CASE WHEN kind IN " SCAN_KINDS_OF_ANALYSES_SQL
    "        THEN coalesce(document #> $5::text[], document #> $6::text[]) ELSE document END AS "
    "list "
    "        FROM target WHERE outcome = 'found') l), "
    "entries AS (SELECT o.n, 0::bigint AS m, o.e FROM listed, "
    "        jsonb_array_elements(list) WITH ORDINALITY AS o (e, n) WHERE $7::text IS NULL "
    "    UNION ALL SELECT o.n, j.n, jsonb_build_object('type', o.e->'type') || j.e FROM listed, "
    "        jsonb_array_elements(list) WITH ORDINALITY AS o (e, n), "
    "        jsonb_array_elements(o.e->$7::text) WITH ORDINALITY AS j (e, n) "
    "    WHERE $7::text IS NOT NULL) "
    "SELECT outcome, kind, whole, n, "
    "    e ->> ($8::text[])[1], e ->> ($8::text[])[2], e ->> ($8::text[])[3], "
    "    e ->> ($8::text[])[4], e ->> ($8::text[])[5], e ->> ($8::text[])[6], "
    "    e ->> ($8::text[])[7], e ->> ($8::text[])[8], e ->> ($8::text[])[9], "
    "    e ->> ($8::text[])[10], e ->> ($8::text[])[11], e ->> ($8::text[])[12], "
    "    e ->> ($8::text[])[13], e ->> ($8::text[])[14] "
    "FROM target LEFT JOIN entries ON true ORDER BY n, m",
    8, PG_READS};

/* Of a whole instance, and of a prefix, whose name is as result_document has names. */
#define DURING                                                                                     \
    "project_id = $1::uuid AND instance_id = $2::uuid "                                            \
    "AND ($5::timestamptz IS NULL OR finished_at >= $5::timestamptz) "                             \
    "AND ($6::timestamptz IS NULL OR finished_at <= $6::timestamptz) "                             \
    "ORDER BY finished_at DESC, task_id DESC LIMIT $7::bigint) "
#define FIGURES "finished_at, task_id, keys, bytes, keys_without_ttl, bytes_without_ttl, "

const struct pg_statement analysis_series = {
    "analysis_series",
    "SELECT p.* FROM instance i LEFT JOIN LATERAL ("
    "    (SELECT " FIGURES "types FROM analysis_point WHERE $3::text IS NULL AND " DURING
    "    UNION ALL (SELECT " FIGURES "NULL FROM analysis_prefix_point "
    "        WHERE prefix = replace($3::text, chr(65535), chr(65535) || '1') "
    "        AND is_binary = $4::boolean AND " DURING ") p ON true "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid ORDER BY finished_at, task_id",
    7, PG_READS};

/* The inner limit is for the planner, which takes one that it does not know for a tenth of the
 * table. */
#define FORGET(table, key)                                                                         \
    "DELETE FROM " table " WHERE (" key ") IN (SELECT * FROM (SELECT " key " FROM " table " "      \
    "        WHERE finished_at < now() - $1::integer * interval '1 day' "                          \
    "        ORDER BY finished_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o LIMIT $2::bigint) "         \
    "RETURNING 1"

const struct pg_statement analysis_point_forget = {
    "analysis_point_forget",
    FORGET("analysis_point", "project_id, instance_id, finished_at, task_id"), 2, PG_WRITES};

const struct pg_statement analysis_prefix_point_forget = {
    "analysis_prefix_point_forget",
    FORGET("analysis_prefix_point",
           "project_id, instance_id, prefix, is_binary, finished_at, task_id"),
    2, PG_WRITES};
