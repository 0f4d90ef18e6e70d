/* Access keys; a change of one is told to the caches of all servers. */
#include "model/access_key_store.h"

#include "model/request_store.h"

#define COLUMNS "k.id, k.project_id, p.name, k.role, k.created_at, k.disabled_at, k.version"
#define NOTIFY "pg_notify('" ACCESS_KEY_CHANNEL "', k.id)"

const struct pg_statement access_key_insert = {
    "access_key_insert",
    "WITH owner AS (SELECT id FROM project WHERE id = $2::uuid FOR KEY SHARE), "
    "k AS (INSERT INTO access_key (id, project_id, sealed_secret, role) "
    "    SELECT $1::text, $2::uuid, $3::bytea, "
    "    CASE WHEN $2::uuid IS NULL THEN 'operator' ELSE 'tenant' END "
    "    WHERE $2::uuid IS NULL OR EXISTS (SELECT FROM owner) RETURNING *), " REQUEST_REMEMBER(
        "k", "coalesce(project_id, " REQUEST_NO_PROJECT ")", "$4",
        "$5") "SELECT " COLUMNS ", " NOTIFY " FROM k LEFT JOIN project p ON p.id = k.project_id",
    5};

const struct pg_statement access_key_find = {
    "access_key_find",
    "SELECT project_id, sealed_secret FROM access_key WHERE id = $1::text AND disabled_at IS NULL",
    1};

const struct pg_statement access_key_list = {
    "access_key_list",
    "SELECT " COLUMNS " FROM access_key k LEFT JOIN project p ON p.id = k.project_id "
    "WHERE $1::uuid IS NULL OR k.project_id = $1::uuid "
    "ORDER BY p.name NULLS FIRST, k.created_at, k.id",
    1};

const struct pg_statement access_key_show = {
    "access_key_show",
    "SELECT " COLUMNS " FROM access_key k LEFT JOIN project p ON p.id = k.project_id "
    "WHERE k.id = $1::text",
    1};

const struct pg_statement access_key_update = {
    "access_key_update",
    "WITH target AS (SELECT id FROM access_key WHERE id = $1::text), "
    "k AS (UPDATE access_key SET version = version + 1, "
    "    disabled_at = CASE WHEN $2::boolean THEN NULL ELSE coalesce(disabled_at, now()) END "
    "    WHERE id = $1::text AND ($3::bigint IS NULL OR version = $3::bigint) RETURNING *) "
    "SELECT CASE WHEN k.id IS NOT NULL THEN 'updated' WHEN target.id IS NULL THEN 'no_key' "
    "    ELSE 'version' END, " COLUMNS ", CASE WHEN k.id IS NOT NULL THEN " NOTIFY " END "
    "FROM (SELECT 1) one LEFT JOIN target ON true LEFT JOIN k ON true "
    "LEFT JOIN project p ON p.id = k.project_id",
    3};

const struct pg_statement access_key_delete = {
    "access_key_delete",
    "WITH k AS (DELETE FROM access_key WHERE id = $1::text RETURNING *) "
    "SELECT k.id, " NOTIFY " FROM k",
    1};
