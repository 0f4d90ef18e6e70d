/* Access keys belong to a project; their secrets are stored sealed. */
#include "model/access_key_store.h"

const struct pg_statement access_key_insert = {
    "access_key_insert",
    "INSERT INTO access_key (id, project_id, sealed_secret) VALUES ($1::text, $2::uuid, $3::bytea)",
    3};

const struct pg_statement access_key_find = {
    "access_key_find",
    "SELECT project_id, sealed_secret FROM access_key WHERE id = $1::text AND disabled_at IS NULL",
    1};

const struct pg_statement access_key_list = {
    "access_key_list",
    "SELECT k.id, k.project_id, p.name, k.created_at, k.disabled_at "
    "FROM access_key k JOIN project p ON p.id = k.project_id "
    "WHERE $1::uuid IS NULL OR k.project_id = $1::uuid ORDER BY p.name, k.created_at, k.id",
    1};

const struct pg_statement access_key_disable = {
    "access_key_disable",
    "WITH disabled AS (UPDATE access_key SET disabled_at = coalesce(disabled_at, now()) "
    "WHERE id = $1::text RETURNING id) "
    "SELECT id, pg_notify('" ACCESS_KEY_CHANNEL "', id) FROM disabled",
    1};
