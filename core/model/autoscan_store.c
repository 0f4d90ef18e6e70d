/* Autoscan configurations: what tenants set, and the moment that the next round falls due. */
#include "model/autoscan_store.h"

#define TARGET(lock)                                                                               \
    "target AS (SELECT project_id, id FROM instance WHERE project_id = $1::uuid AND id = "         \
    "$2::uuid" lock ")"
/* Nobody deletes the instance before this is done. */
#define TARGET_TO_WRITE TARGET(" FOR KEY SHARE")
#define CURRENT                                                                                    \
    "SELECT * FROM autoscan WHERE project_id = $1::uuid AND instance_id = $2::uuid "               \
    "AND kind = $3::text"
#define WRITTEN_OR_CURRENT                                                                         \
    "(SELECT * FROM written UNION ALL SELECT * FROM (" CURRENT ") c "                              \
    "WHERE NOT EXISTS (SELECT FROM written)) a"

#define REPEATED(token)                                                                            \
    "EXISTS (SELECT FROM remembered_request WHERE project_id = $1::uuid AND token = " token        \
    "::bytea)"
/* In this order: what is a repetition takes nothing. */
#define HAS_ROOM(entries, usual)                                                                   \
    "project_may_schedule($1::uuid, $2::uuid, $3::text, " entries ", " usual "::integer)"

const struct pg_statement autoscan_show = {"autoscan_show",
                                           "WITH " TARGET("") " SELECT 'found', " AUTOSCAN_COLUMNS
                                                              " FROM target LEFT JOIN (" CURRENT
                                                              ") a ON true",
                                           3, PG_READS};

/* `fresh` has one row where the request is no repetition of an earlier one that is known. */
const struct pg_statement autoscan_write_times = {
    "autoscan_write_times",
    "WITH " TARGET_TO_WRITE ", "
    "judged AS (SELECT " REPEATED("$6") " OR " HAS_ROOM(
        "CASE WHEN $4::boolean "
        "    THEN cardinality($5::smallint[]) ELSE 0 END",
        "$8") " AS accepted FROM target), "
              "first AS (INSERT INTO remembered_request (project_id, token, fingerprint) "
              "    SELECT $1::uuid, $6::bytea, $7::bytea FROM judged WHERE accepted "
              "    AND $6::bytea IS NOT NULL "
              "    ON CONFLICT DO NOTHING RETURNING 1), "
              "fresh AS (SELECT 1 FROM first UNION ALL SELECT 1 FROM judged WHERE accepted "
              "    AND $6::bytea IS NULL), "
              "next AS (SELECT min(slot) AS slot FROM unnest($5::smallint[]) AS minute, "
              "    LATERAL (VALUES (date_trunc('day', now(), 'UTC') + minute * interval '1 "
              "minute'), "
              "        (date_trunc('day', now(), 'UTC') + (minute + 1440) * interval '1 minute')) "
              "        AS slots (slot) WHERE slot > now() AND $4::boolean), "
              "written AS (INSERT INTO autoscan "
              "    (project_id, instance_id, kind, enabled, schedule_minutes, next_at, options) "
              "    SELECT $1::uuid, $2::uuid, $3::text, $4::boolean, $5::smallint[], next.slot, "
              "    $9::jsonb "
              "    FROM fresh, next ON CONFLICT (project_id, instance_id, kind) DO UPDATE SET "
              "    enabled = EXCLUDED.enabled, schedule_minutes = EXCLUDED.schedule_minutes, "
              "    next_at = EXCLUDED.next_at, options = EXCLUDED.options, deferred_until = NULL, "
              "    updated_at = now() RETURNING *) "
              "SELECT CASE WHEN accepted THEN 'written' ELSE 'full' END, " AUTOSCAN_COLUMNS
              " FROM judged LEFT JOIN " WRITTEN_OR_CURRENT " ON true",
    9, PG_WRITES};

const struct pg_statement autoscan_write_interval = {
    "autoscan_write_interval",
    "WITH " TARGET_TO_WRITE ", "
    "wanted AS (SELECT coalesce($5::timestamptz, a.first_scan_at) AS first_scan_at, "
    "    coalesce($6::integer, a.interval_seconds) AS interval_seconds, "
    "    coalesce($7::integer, a.timeout_seconds) AS timeout_seconds, "
    "    coalesce($8::integer, a.scan_keys_count) AS scan_keys_count, "
    "    " REPEATED(
        "$9") " AS repeated "
              "    FROM target LEFT JOIN (" CURRENT ") a ON true), "
              "judged AS (SELECT *, CASE WHEN repeated THEN 'repeated' "
              "    WHEN $4::boolean AND first_scan_at <= now() THEN 'past' "
              "    WHEN timeout_seconds < 2 * interval_seconds::bigint THEN 'timeout' "
              "    WHEN NOT " HAS_ROOM(
                  "$4::boolean::integer",
                  "$11") " THEN 'full' "
                         "    ELSE 'written' END AS outcome FROM wanted), "
                         "first AS (INSERT INTO remembered_request (project_id, token, "
                         "fingerprint) "
                         "    SELECT $1::uuid, $9::bytea, $10::bytea FROM judged WHERE outcome = "
                         "'written' AND $9::bytea IS NOT NULL "
                         "    ON CONFLICT DO NOTHING RETURNING 1), "
                         "fresh AS (SELECT 1 FROM first UNION ALL SELECT 1 FROM judged WHERE "
                         "outcome = 'written' AND $9::bytea IS NULL), "
                         "written AS (INSERT INTO autoscan (project_id, instance_id, kind, "
                         "enabled, first_scan_at, "
                         "    interval_seconds, timeout_seconds, scan_keys_count, next_at) "
                         "    SELECT $1::uuid, $2::uuid, $3::text, $4::boolean, first_scan_at, "
                         "interval_seconds, "
                         "    timeout_seconds, scan_keys_count, CASE WHEN $4::boolean THEN "
                         "first_scan_at END "
                         "    FROM judged, fresh ON CONFLICT (project_id, instance_id, kind) DO "
                         "UPDATE SET "
                         "    enabled = EXCLUDED.enabled, first_scan_at = EXCLUDED.first_scan_at, "
                         "    interval_seconds = EXCLUDED.interval_seconds, "
                         "    timeout_seconds = EXCLUDED.timeout_seconds, "
                         "    scan_keys_count = EXCLUDED.scan_keys_count, next_at = "
                         "EXCLUDED.next_at, "
                         "    deferred_until = NULL, updated_at = now() RETURNING *) "
                         "SELECT CASE judged.outcome WHEN 'repeated' THEN 'written' ELSE "
                         "judged.outcome "
                         "END, " AUTOSCAN_COLUMNS " FROM judged LEFT JOIN " WRITTEN_OR_CURRENT
                         " ON true",
    11, PG_WRITES};
