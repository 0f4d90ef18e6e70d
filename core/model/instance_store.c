/* Instances: registered by operators, dialled by workers, shown to tenants. */
#include "model/instance_store.h"

#include "model/request_store.h"

#define FILTER                                                                                     \
    "FROM instance WHERE project_id = $1::uuid AND ($2::uuid IS NULL OR id = $2::uuid) "           \
    "AND ($9::text IS NULL OR id = ANY (string_to_array($9::text, ',')::uuid[])) "                 \
    "AND ($3::text IS NULL OR strpos(lower(name), lower($3::text)) > 0) "                          \
    "AND ($4::text IS NULL OR name = $4::text) AND ($5::text IS NULL OR status = $5::text) "       \
    "AND ($6::text IS NULL OR strpos(array_to_string(endpoints, ','), $6::text) > 0) "

#define PAGE                                                                                       \
    "FROM (SELECT count(*) AS count " FILTER ") n LEFT JOIN LATERAL (SELECT * " FILTER             \
    "    ORDER BY created_at DESC, id DESC OFFSET $7::bigint LIMIT $8::bigint) i ON true "

const struct pg_statement instance_list = {"instance_list",
                                           "SELECT n.count, " INSTANCE_COLUMNS " " PAGE
                                           "ORDER BY i.created_at DESC, i.id DESC",
                                           9, PG_READS};

#define HERE(table) table ".project_id = i.project_id AND " table ".instance_id = i.id "
#define TASK_HERE "FROM scan_task t WHERE " HERE("t") "AND "
#define POINT_HERE "analysis_point p ON " HERE("p") "AND "
#define SCHEDULE_HERE "FROM autoscan a WHERE " HERE("a") "AND "

/* The last analysis that tells of the whole instance; of each kind the index has the last one. */
#define LAST_OF(which)                                                                             \
    "(SELECT t.* " TASK_HERE which " AND t.status = 'success' "                                    \
    "    ORDER BY t.created_at DESC, t.id DESC LIMIT 1) "
#define LAST_SCAN LAST_OF("t.kind = 'analysis'")
#define LAST_OFFLINE LAST_OF("t.kind = 'offline' AND t.node_has_all AND t.backup_id IS NULL")
#define LAST_SOURCE                                                                                \
    "last.kind, last.node_id, last.node_host, last.node_port, last.node_role, last.node_shard, "   \
    "last.backup_id "

const struct pg_statement instance_overview = {
    "instance_overview",
    "SELECT n.count, " INSTANCE_COLUMNS ", '[' || coalesce(active.tasks, '') || ']', "
    "last.id, last.finished_at, p.keys, p.bytes, next.at, " LAST_SOURCE PAGE
    "LEFT JOIN LATERAL (SELECT string_agg(row_to_json(s)::text, ',' ORDER BY s.kind) AS tasks FROM "
    "    (SELECT t.id, t.kind, t.status, t.keys_seen, t.keys_total " TASK_HERE
    "        t.status IN ('waiting', 'running')) s) active ON true "
    "LEFT JOIN LATERAL (SELECT * FROM (" LAST_SCAN "UNION ALL " LAST_OFFLINE ") t "
    "    ORDER BY created_at DESC, id DESC LIMIT 1) last ON true "
    "LEFT JOIN " POINT_HERE "p.finished_at = last.finished_at AND p.task_id = last.id "
    "LEFT JOIN LATERAL (SELECT min(coalesce(a.deferred_until, a.next_at)) AS at " SCHEDULE_HERE
    "    a.next_at IS NOT NULL) next ON true "
    "ORDER BY i.created_at DESC, i.id DESC",
    9, PG_READS};

const struct pg_statement instance_show = {
    "instance_show",
    "SELECT " INSTANCE_COLUMNS ", (SELECT count(DISTINCT shard) FROM instance_node n "
    "    WHERE n.project_id = i.project_id AND n.instance_id = i.id), "
    "(SELECT coalesce(max(nodes), 0) FROM (SELECT count(*) AS nodes FROM instance_node n "
    "    WHERE n.project_id = i.project_id AND n.instance_id = i.id GROUP BY shard) s) "
    "FROM instance i WHERE i.project_id = $1::uuid AND i.id = $2::uuid",
    2, PG_READS};

const struct pg_statement instance_nodes = {
    "instance_nodes",
    "SELECT i.id, n.id, n.host, n.port, n.role, n.shard FROM instance i "
    "LEFT JOIN instance_node n ON n.project_id = i.project_id AND n.instance_id = i.id "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid ORDER BY n.shard, n.role, n.host, n.port",
    2, PG_READS};

const struct pg_statement instance_configs = {
    "instance_configs",
    "SELECT status, parameters, parameters_at FROM instance "
    "WHERE project_id = $1::uuid AND id = $2::uuid",
    2, PG_READS};

const struct pg_statement instance_find = {"instance_find",
                                           "SELECT " INSTANCE_COLUMNS ", " INSTANCE_TARGET_COLUMNS
                                           " FROM instance i WHERE i.project_id = $1::uuid AND "
                                           "(i.name = $2::text OR i.id::text = $2::text)",
                                           2, PG_READS};

const struct pg_statement instance_survey = {
    "instance_survey",
    "SELECT " INSTANCE_COLUMNS ", p.name FROM instance i JOIN project p ON p.id = i.project_id "
    "WHERE $1::uuid IS NULL OR i.project_id = $1::uuid ORDER BY p.name, i.name",
    1, PG_READS};

const struct pg_statement instance_insert = {
    "instance_insert",
    "WITH owner AS (SELECT id, project_may_add_instance(id, $19::integer) AS has_room "
    "    FROM project WHERE id = $1::uuid FOR KEY SHARE), "
    "i AS (INSERT INTO instance (project_id, id, name, description, cache_mode, status, "
    "    endpoints, enable_ssl, tls_ca, tls_server_name, username, sealed_password, "
    "    hotkeys_command, scan_profile, address_map, sentinel_master, tls_certificate, "
    "    sealed_tls_key, backup_directory) "
    "    SELECT p.id, $2::uuid, $3::text, $4::text, $5::text, 'CREATING', "
    "    string_to_array($6::text, ','), $7::boolean, $8::text, $9::text, $10::text, $11::bytea, "
    "    $12::boolean, $13::text, $14::text, $15::text, $16::text, $17::bytea, $18::text "
    "    FROM owner p "
    "    WHERE p.has_room RETURNING *), " REQUEST_REMEMBER(
        "i", "project_id", "$20",
        "$21") "SELECT CASE WHEN owner.id IS NULL THEN 'no_project' WHEN i.id IS NULL THEN 'full' "
               "    ELSE 'created' END, " INSTANCE_COLUMNS ", "
               "    CASE WHEN i.id IS NOT NULL THEN pg_notify('" INSTANCE_PROBE_CHANNEL
               "', '') END "
               "FROM (SELECT 1) one LEFT JOIN owner ON true LEFT JOIN i ON true",
    21, PG_WRITES};

#define WAY_CHANGED                                                                                \
    "(i.endpoints, i.cache_mode, i.enable_ssl, i.tls_ca, i.tls_server_name, i.username, "          \
    "i.hotkeys_command, i.address_map, i.sentinel_master) IS DISTINCT FROM "                       \
    "(string_to_array($6::text, ','), $5::text, $7::boolean, $8::text, $9::text, $10::text, "      \
    "$12::boolean, $14::text, $15::text) OR NOT $19::boolean OR NOT $20::boolean AND "             \
    "(i.tls_certificate IS NOT NULL OR $16::text IS NOT NULL)"
#define KEPT(column, parameter)                                                                    \
    "CASE WHEN NOT $7::boolean THEN NULL WHEN $20::boolean THEN i." column " ELSE " parameter " E" \
    "ND"

const struct pg_statement instance_update = {
    "instance_update",
    "WITH target AS (SELECT id, version, sealed_password FROM instance "
    "    WHERE project_id = $1::uuid AND id = $2::uuid), "
    "updated AS (UPDATE instance i SET name = $3::text, description = $4::text, "
    "    cache_mode = $5::text, endpoints = string_to_array($6::text, ','), "
    "    enable_ssl = $7::boolean, tls_ca = $8::text, tls_server_name = $9::text, "
    "    username = $10::text, hotkeys_command = $12::boolean, "
    "    scan_profile = $13::text, address_map = $14::text, sentinel_master = $15::text, "
    "    backup_directory = $18::text, "
    "    tls_certificate = " KEPT(
        "tls_certificate",
        "$16::text") ", "
                     "    sealed_tls_key = " KEPT(
                         "sealed_tls_key",
                         "$17::bytea") ", "
                                       "    sealed_password = CASE WHEN $19::boolean THEN "
                                       "i.sealed_password ELSE $11::bytea END, "
                                       "    status = CASE WHEN " WAY_CHANGED
                                       " THEN 'CREATING' ELSE i.status END, "
                                       "    probed_at = CASE WHEN " WAY_CHANGED
                                       " THEN NULL ELSE i.probed_at END, "
                                       "    probe_at = CASE WHEN " WAY_CHANGED
                                       " THEN now() ELSE i.probe_at END, "
                                       "    version = i.version + 1, updated_at = now() "
                                       "    WHERE i.project_id = $1::uuid AND i.id = $2::uuid AND "
                                       "i.version = $21::bigint "
                                       "    AND ($10::text IS NULL OR NOT $19::boolean OR "
                                       "i.sealed_password IS NOT NULL) "
                                       "    RETURNING i.*) "
                                       "SELECT CASE WHEN i.id IS NOT NULL THEN 'updated' WHEN "
                                       "target.id IS NULL THEN 'no_instance' "
                                       "    WHEN $10::text IS NOT NULL AND $19::boolean AND "
                                       "target.sealed_password IS NULL "
                                       "        AND target.version = $21::bigint THEN "
                                       "'no_password' "
                                       "    ELSE 'version' END, " INSTANCE_COLUMNS ", "
                                       "    CASE WHEN i.id IS NOT NULL THEN "
                                       "pg_notify('" INSTANCE_PROBE_CHANNEL "', '') END "
                                       "FROM (SELECT 1) one LEFT JOIN target ON true LEFT JOIN "
                                       "updated i ON true",
    21, PG_WRITES};

const struct pg_statement instance_probe_request = {
    "instance_probe_request",
    "UPDATE instance i SET probe_at = now() WHERE i.project_id = $1::uuid AND i.id = $2::uuid "
    "RETURNING " INSTANCE_COLUMNS ", pg_notify('" INSTANCE_PROBE_CHANNEL "', '')",
    2, PG_WRITES};

const struct pg_statement instance_probe_claim = {
    "instance_probe_claim",
    "WITH due AS (SELECT project_id, id FROM instance WHERE probe_at <= now() "
    "    ORDER BY probe_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) "
    "UPDATE instance i SET probe_at = now() + $1::bigint * interval '1 second' FROM due "
    "WHERE i.project_id = due.project_id AND i.id = due.id "
    "RETURNING " INSTANCE_COLUMNS ", " INSTANCE_TARGET_COLUMNS,
    2, PG_WRITES};

const struct pg_statement instance_probe_succeed = {
    "instance_probe_succeed",
    "WITH found AS (SELECT * FROM jsonb_to_recordset($13::jsonb) "
    "    AS n (id uuid, host text, port integer, role text, shard integer)), "
    "probed AS (UPDATE instance SET status = 'RUNNING', engine = $3::text, "
    "    engine_version = $4::text, capabilities = string_to_array($5::text, ','), "
    "    node_role = $6::text, server_mode = $7::text, databases = $8::integer, "
    "    used_memory = $9::bigint, maxmemory = $10::bigint, maxmemory_policy = $11::text, "
    "    parameters = coalesce($12::jsonb, parameters), "
    "    parameters_at = CASE WHEN $12::jsonb IS NULL THEN parameters_at ELSE now() END, "
    "    probed_at = now(), probe_error = NULL "
    "    WHERE project_id = $1::uuid AND id = $2::uuid AND version = $14::bigint "
    "    RETURNING project_id, id), "
    "left_out AS (DELETE FROM instance_node n WHERE n.project_id = $1::uuid "
    "    AND n.instance_id = $2::uuid AND EXISTS (SELECT FROM probed) AND NOT EXISTS (SELECT FROM "
    "found f "
    "    WHERE f.host = n.host AND f.port = n.port)), "
    "kept AS (INSERT INTO instance_node (project_id, instance_id, host, port, id, role, shard) "
    "    SELECT p.project_id, p.id, f.host, f.port, f.id, f.role, f.shard FROM probed p, found f "
    "    ON CONFLICT (project_id, instance_id, host, port) "
    "    DO UPDATE SET role = EXCLUDED.role, shard = EXCLUDED.shard "
    "    WHERE (instance_node.role, instance_node.shard) "
    "        IS DISTINCT FROM (EXCLUDED.role, EXCLUDED.shard)) "
    "SELECT id FROM probed",
    14, PG_WRITES};

const struct pg_statement instance_probe_fail = {
    "instance_probe_fail",
    "UPDATE instance SET probe_error = $3::text, status = CASE WHEN probed_at IS NULL "
    "    OR probed_at <= now() - $4::bigint * interval '1 second' THEN 'ERROR' ELSE status END "
    "WHERE project_id = $1::uuid AND id = $2::uuid AND version = $5::bigint RETURNING id",
    5, PG_WRITES};

const struct pg_statement instance_delete = {
    "instance_delete",
    "DELETE FROM instance WHERE project_id = $1::uuid AND id = $2::uuid RETURNING id", 2,
    PG_WRITES};
