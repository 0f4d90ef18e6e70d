/* Instances: registered by operators, dialled by workers, shown to tenants. */
#include "model/instance_store.h"

#define FILTER                                                                                     \
    "FROM instance WHERE project_id = $1::uuid AND ($2::uuid IS NULL OR id = $2::uuid) "           \
    "AND ($3::text IS NULL OR strpos(lower(name), lower($3::text)) > 0) "                          \
    "AND ($4::text IS NULL OR name = $4::text) AND ($5::text IS NULL OR status = $5::text) "       \
    "AND ($6::text IS NULL OR strpos(array_to_string(endpoints, ','), $6::text) > 0) "

const struct pg_statement instance_list = {
    "instance_list",
    "SELECT n.count, " INSTANCE_COLUMNS " FROM (SELECT count(*) AS count " FILTER ") n "
    "LEFT JOIN LATERAL (SELECT * " FILTER
    "    ORDER BY created_at DESC, id DESC OFFSET $7::bigint LIMIT $8::bigint) i ON true "
    "ORDER BY i.created_at DESC, i.id DESC",
    8};

const struct pg_statement instance_show = {
    "instance_show",
    "SELECT " INSTANCE_COLUMNS
    " FROM instance i WHERE i.project_id = $1::uuid AND i.id = $2::uuid",
    2};

const struct pg_statement instance_find = {
    "instance_find",
    "SELECT " INSTANCE_COLUMNS ", " INSTANCE_TARGET_COLUMNS
    " FROM instance i WHERE i.project_id = $1::uuid AND (i.name = $2::text OR i.id::text = $2::text)",
    2};

const struct pg_statement instance_survey = {
    "instance_survey",
    "SELECT " INSTANCE_COLUMNS ", p.name FROM instance i JOIN project p ON p.id = i.project_id "
    "WHERE $1::uuid IS NULL OR i.project_id = $1::uuid ORDER BY p.name, i.name",
    1};

const struct pg_statement instance_insert = {
    "instance_insert",
    "INSERT INTO instance (project_id, id, name, description, cache_mode, status, endpoints, "
    "    enable_ssl, tls_ca, tls_server_name, username, sealed_password) "
    "VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, 'CREATING', "
    "    string_to_array($6::text, ','), $7::boolean, $8::text, $9::text, $10::text, $11::bytea)",
    11};

const struct pg_statement instance_probe_succeed = {
    "instance_probe_succeed",
    "UPDATE instance SET status = 'RUNNING', engine = $3::text, engine_version = $4::text, "
    "    capabilities = string_to_array($5::text, ','), node_role = $6::text, "
    "    server_mode = $7::text, databases = $8::integer, used_memory = $9::bigint, "
    "    maxmemory = $10::bigint, maxmemory_policy = $11::text, probed_at = now(), "
    "    probe_error = NULL "
    "WHERE project_id = $1::uuid AND id = $2::uuid RETURNING id",
    11};

const struct pg_statement instance_probe_fail = {
    "instance_probe_fail",
    "UPDATE instance SET status = CASE WHEN probed_at IS NULL THEN 'ERROR' ELSE status END, "
    "    probe_error = $3::text "
    "WHERE project_id = $1::uuid AND id = $2::uuid RETURNING id",
    3};

const struct pg_statement instance_delete = {
    "instance_delete",
    "DELETE FROM instance WHERE project_id = $1::uuid AND id = $2::uuid RETURNING id", 2};
