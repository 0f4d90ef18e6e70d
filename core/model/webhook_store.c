/* Webhooks, as their project configures them. */
#include "model/webhook_store.h"

#include "model/request_store.h"

/* ISO C99 promises 4095 characters in a literal; every compiler that is supported takes more. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

#define COLUMNS                                                                                    \
    "w.id, w.name, w.url, array_to_string(w.events, ','), array_to_string(w.kinds, ','), "         \
    "array_to_string(w.instance_ids, ','), w.limits, w.enabled, w.created_at, w.updated_at, "      \
    "w.version, w.failing_since, w.disabled_reason"

const struct pg_statement webhook_list = {
    "webhook_list",
    "SELECT n.count, " COLUMNS " FROM (SELECT count(*) AS count FROM webhook "
    "    WHERE project_id = $1::uuid) n LEFT JOIN LATERAL (SELECT * FROM webhook "
    "    WHERE project_id = $1::uuid ORDER BY name, id OFFSET $2::bigint LIMIT $3::bigint) w "
    "ON true ORDER BY w.name, w.id",
    3, PG_READS};

const struct pg_statement webhook_show = {
    "webhook_show",
    "SELECT " COLUMNS " FROM webhook w WHERE w.project_id = $1::uuid AND w.id = $2::uuid", 2,
    PG_READS};

#define LIST(parameter, type) "string_to_array(" parameter "::text, ',')::" type "[]"

const struct pg_statement webhook_insert = {
    "webhook_insert",
    "WITH room AS MATERIALIZED (SELECT webhook_has_room($1::uuid, $11::integer) AS has), "
    "w AS (INSERT INTO webhook (project_id, id, name, url, sealed_secret, events, kinds, "
    "        instance_ids, limits, enabled) "
    "    SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea, " LIST("$6", "text") ", " LIST(
        "$7",
        "text") ", " LIST("$8",
                          "uuid") ", "
                                  "        $9::jsonb, $10::boolean FROM room WHERE has RETURNING "
                                  "*), " REQUEST_REMEMBER(
                                      "w", "w.project_id", "$12",
                                      "$13") "SELECT CASE WHEN has THEN 'created' ELSE 'full' "
                                             "END, " COLUMNS " FROM room LEFT JOIN w ON true",
    13, PG_WRITES};

const struct pg_statement webhook_update = {
    "webhook_update",
    "WITH target AS (SELECT id FROM webhook WHERE project_id = $1::uuid AND id = $2::uuid), "
    "w AS (UPDATE webhook SET name = $3::text, url = $4::text, "
    "        sealed_secret = coalesce($5::bytea, sealed_secret), events = " LIST(
        "$6", "text") ", "
                      "        kinds = " LIST("$7", "text") ", instance_ids = " LIST(
                          "$8",
                          "uuid") ", "
                                  "        limits = $9::jsonb, enabled = $10::boolean, "
                                  "        failing_since = CASE WHEN url = $4::text AND enabled "
                                  "THEN failing_since END, "
                                  "        disabled_reason = CASE WHEN NOT $10::boolean THEN "
                                  "disabled_reason END, "
                                  "        version = version + 1, updated_at = now() "
                                  "    WHERE project_id = $1::uuid AND id = $2::uuid "
                                  "    AND version = coalesce($11::bigint, version) RETURNING *), "
                                  "dropped AS (UPDATE webhook_delivery d SET next_attempt_at = "
                                  "NULL, given_up_at = now(), "
                                  "        error = 'the webhook was turned off' "
                                  "    FROM w WHERE NOT w.enabled AND d.project_id = w.project_id "
                                  "AND d.webhook_id = w.id "
                                  "    AND d.next_attempt_at IS NOT NULL), "
                                  "forgotten AS (DELETE FROM webhook_limit_passed p USING w "
                                  "    WHERE p.project_id = w.project_id AND p.webhook_id = w.id "
                                  "AND p.digest <> ALL (ARRAY("
                                  "        SELECT webhook_limit_digest(l) FROM "
                                  "jsonb_array_elements(w.limits) l))) "
                                  "SELECT CASE WHEN w.id IS NOT NULL THEN 'updated' WHEN target.id "
                                  "IS NULL THEN 'no_webhook' "
                                  "    ELSE 'version' END, " COLUMNS
                                  " FROM (SELECT) one LEFT JOIN target ON true LEFT JOIN w ON true",
    11, PG_WRITES};

const struct pg_statement webhook_delete = {
    "webhook_delete",
    "DELETE FROM webhook WHERE project_id = $1::uuid AND id = $2::uuid RETURNING id", 2, PG_WRITES};
