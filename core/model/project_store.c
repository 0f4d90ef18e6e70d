/* Projects: the tenants. */
#include "model/project_store.h"

#include "model/request_store.h"

#define COLUMNS                                                                                    \
    "p.id, p.name, p.created_at, p.updated_at, "                                                   \
    "(SELECT count(*) FROM instance i WHERE i.project_id = p.id), "                                \
    "(SELECT count(*) FROM access_key k WHERE k.project_id = p.id AND k.disabled_at IS NULL), "    \
    "p.version, p.instances_max, p.scans_max, p.schedule_entries_max"

const struct pg_statement project_insert = {
    "project_insert",
    "WITH p AS (INSERT INTO project (id, name, instances_max, scans_max, schedule_entries_max) "
    "    VALUES ($1::uuid, $2::text, nullif($3::integer, -1), nullif($4::integer, -1), "
    "        nullif($5::integer, -1)) RETURNING *), " REQUEST_REMEMBER(
        "p", REQUEST_NO_PROJECT, "$6", "$7") "SELECT " COLUMNS " FROM p",
    7, PG_WRITES};

const struct pg_statement project_list = {
    "project_list",
    "SELECT n.count, " COLUMNS " FROM (SELECT count(*) AS count FROM project) n "
    "LEFT JOIN LATERAL (SELECT * FROM project ORDER BY name, id "
    "    OFFSET $1::bigint LIMIT $2::bigint) p ON true ORDER BY p.name, p.id",
    2, PG_READS};

const struct pg_statement project_show = {
    "project_show", "SELECT " COLUMNS " FROM project p WHERE p.id = $1::uuid", 1, PG_READS};

const struct pg_statement project_find = {
    "project_find",
    "SELECT " COLUMNS " FROM project p "
    "WHERE p.name = $1::text OR replace(p.id::text, '-', '') = lower(replace($1::text, '-', ''))",
    1, PG_READS};

#define KEPT(column, parameter)                                                                    \
    "CASE " parameter "::integer WHEN -1 THEN " column " ELSE " parameter " END"

const struct pg_statement project_update = {
    "project_update",
    "WITH target AS (SELECT id FROM project WHERE id = $1::uuid), "
    "p AS (UPDATE project SET name = $2::text, instances_max = " KEPT(
        "instances_max",
        "$3") ", "
              "    scans_max = " KEPT(
                  "scans_max",
                  "$4") ", "
                        "    schedule_entries_max = " KEPT(
                            "schedule_entries_max",
                            "$5") ", "
                                  "    version = version + 1, updated_at = now() "
                                  "    WHERE id = $1::uuid AND version = $6::bigint RETURNING *) "
                                  "SELECT CASE WHEN p.id IS NOT NULL THEN 'updated' WHEN target.id "
                                  "IS NULL THEN 'no_project' "
                                  "    ELSE 'version' END, " COLUMNS " "
                                  "FROM (SELECT 1) one LEFT JOIN target ON true LEFT JOIN p ON "
                                  "true",
    6, PG_WRITES};

const struct pg_statement project_delete = {
    "project_delete", "DELETE FROM project WHERE id = $1::uuid RETURNING id", 1, PG_WRITES};
