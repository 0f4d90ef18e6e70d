/* The audit log.  What inserts may read nothing: no RETURNING, no named conflict. */
#include "model/audit_store.h"

const struct pg_statement audit_insert = {
    "audit_insert",
    "INSERT INTO audit_event (at, request_id, project_id, identity, proved, source, action, "
    "    instance_id, subject, decision, status, code, times) "
    "SELECT at, request_id, project_id, identity, proved, source, action, instance_id, "
    "    subject, decision, status, code, coalesce(times, 1) "
    "FROM jsonb_to_recordset($1::jsonb) AS e (at timestamptz, request_id uuid, project_id uuid, "
    "    identity text, proved boolean, source inet, action text, instance_id uuid, "
    "    subject text, decision text, status integer, code text, times bigint) "
    "ON CONFLICT DO NOTHING",
    1, PG_WRITES};

const struct pg_statement audit_list = {
    "audit_list",
    "SELECT at, request_id, project_id, identity, proved, host(source), action, instance_id, "
    "    subject, decision, status, code, times FROM audit_event "
    "WHERE ($1::uuid IS NULL OR project_id = $1::uuid) "
    "AND ($2::text IS NULL OR identity = $2::text) "
    "AND ($3::text IS NULL OR decision = $3::text) "
    "AND ($4::timestamptz IS NULL OR at >= $4::timestamptz) "
    "AND ($5::timestamptz IS NULL OR at < $5::timestamptz) "
    "AND ($6::uuid IS NULL OR request_id = $6::uuid) "
    "ORDER BY at DESC, request_id LIMIT $7::bigint",
    7, PG_WRITES};

const struct pg_statement audit_prune = {
    "audit_prune",
    "DELETE FROM audit_event WHERE (at, request_id) IN (SELECT at, request_id FROM audit_event "
    "    WHERE at < now() - $1::bigint * interval '1 day' ORDER BY at LIMIT $2::bigint) RETURNING "
    "1",
    2, PG_WRITES};
