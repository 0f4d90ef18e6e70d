/* Projects: the tenants. */
#include "model/project_store.h"

const struct pg_statement project_insert = {
    "project_insert", "INSERT INTO project (id, name) VALUES ($1::uuid, $2::text)", 2};

const struct pg_statement project_list = {
    "project_list",
    "SELECT p.id, p.name, p.created_at, "
    "(SELECT count(*) FROM instance i WHERE i.project_id = p.id), "
    "(SELECT count(*) FROM access_key k WHERE k.project_id = p.id AND k.disabled_at IS NULL) "
    "FROM project p ORDER BY p.name",
    0};

const struct pg_statement project_find = {
    "project_find",
    "SELECT id, name, created_at FROM project "
    "WHERE name = $1::text OR replace(id::text, '-', '') = lower(replace($1::text, '-', ''))",
    1};
