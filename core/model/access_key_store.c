/* Access keys; a change of one is told to the caches of all servers. */
#include "model/access_key_store.h"

#include "model/request_store.h"

/* The release before has one role for tenants, and no name for it. */
#define ROLE "CASE k.role WHEN 'tenant' THEN 'DCS FullAccess' ELSE k.role END"
#define ACTIONS "array_to_string(k.policy_actions, ',')"
#define INSTANCES "array_to_string(k.policy_instances, ',')"
#define COLUMNS                                                                                    \
    "k.id, k.project_id, p.name, " ROLE ", k.created_at, k.disabled_at, k.version, " ACTIONS       \
    ", " INSTANCES ", k.expires_at"
#define NOTIFY "pg_notify('" ACCESS_KEY_CHANNEL "', k.id)"
/* Of what is wanted (w) of a key (t): an instance that its project has not, an action of the
 * interface that it is not for. */
#define HAS_UNKNOWN_INSTANCE                                                                       \
    "EXISTS (SELECT FROM unnest(w.instances) AS u (wanted) WHERE NOT EXISTS ("                     \
    "    SELECT FROM instance i WHERE i.project_id = t.project_id AND i.id = u.wanted))"
#define HAS_FOREIGN_ACTION                                                                         \
    "EXISTS (SELECT FROM unnest(w.actions) AS u (wanted) "                                         \
    "    WHERE starts_with(u.wanted, 'admin:') <> (t.project_id IS NULL))"

const struct pg_statement access_key_insert = {
    "access_key_insert",
    "WITH owner AS (SELECT id FROM project WHERE id = $2::uuid FOR KEY SHARE), "
    "t AS (SELECT $2::uuid AS project_id), "
    "w AS (SELECT string_to_array($5::text, ',') AS actions, "
    "    string_to_array($6::text, ',')::uuid[] AS instances, "
    "    coalesce($8::timestamptz, now() + make_interval(secs => $7::bigint)) AS ending), "
    "v AS (SELECT CASE "
    "    WHEN t.project_id IS NOT NULL AND NOT EXISTS (SELECT FROM owner) THEN 'no_project' "
    "    WHEN " HAS_FOREIGN_ACTION " THEN 'actions' "
    "    WHEN " HAS_UNKNOWN_INSTANCE " THEN 'instances' "
    "    WHEN ending <= now() OR ending > now() + make_interval(secs => $10::bigint) THEN 'expiry' "
    "    ELSE 'created' END AS outcome FROM t, w), "
    "k AS (INSERT INTO access_key (id, project_id, sealed_secret, role, policy_actions, "
    "        policy_instances, expires_at, token_digest) "
    "    SELECT $1::text, t.project_id, $3::bytea, $4::text, w.actions, w.instances, w.ending, "
    "        $9::bytea FROM t, w, v WHERE v.outcome = 'created' RETURNING *), " REQUEST_REMEMBER(
        "k", "coalesce(project_id, " REQUEST_NO_PROJECT ")", "$11",
        "$12") "SELECT v.outcome, " COLUMNS ", CASE WHEN k.id IS NOT NULL THEN " NOTIFY " END "
               "FROM v LEFT JOIN k ON true LEFT JOIN project p ON p.id = k.project_id",
    12, PG_WRITES};

const struct pg_statement access_key_find = {
    "access_key_find",
    "SELECT k.project_id, k.sealed_secret, " ROLE ", " ACTIONS ", " INSTANCES ", k.token_digest, "
    "(extract(epoch FROM k.expires_at - now()) * 1000)::bigint FROM access_key k "
    "WHERE k.id = $1::text AND k.disabled_at IS NULL "
    "AND (k.expires_at IS NULL OR k.expires_at > now())",
    1, PG_READS};

const struct pg_statement access_key_list = {
    "access_key_list",
    "SELECT " COLUMNS " FROM access_key k LEFT JOIN project p ON p.id = k.project_id "
    "WHERE $1::uuid IS NULL OR k.project_id = $1::uuid "
    "ORDER BY p.name NULLS FIRST, k.created_at, k.id",
    1, PG_READS};

const struct pg_statement access_key_show = {
    "access_key_show",
    "SELECT " COLUMNS " FROM access_key k LEFT JOIN project p ON p.id = k.project_id "
    "WHERE k.id = $1::text",
    1, PG_READS};

/* What is looked at of the row never changes but for its version, which is looked at once more. */
const struct pg_statement access_key_update = {
    "access_key_update",
    "WITH t AS (SELECT * FROM access_key WHERE id = $1::text), "
    "w AS (SELECT string_to_array($6::text, ',') AS actions, "
    "    string_to_array($8::text, ',')::uuid[] AS instances), "
    "v AS (SELECT CASE WHEN t.id IS NULL THEN 'no_key' WHEN t.version <> $3::bigint THEN 'version' "
    "    WHEN ($4::text = 'operator') <> (t.project_id IS NULL) THEN 'role' "
    "    WHEN " HAS_FOREIGN_ACTION " THEN 'actions' "
    "    WHEN " HAS_UNKNOWN_INSTANCE " THEN 'instances' "
    "    ELSE 'updated' END AS outcome FROM w LEFT JOIN t ON true), "
    "k AS (UPDATE access_key a SET version = version + 1, role = coalesce($4::text, role), "
    "    disabled_at = CASE $2::boolean WHEN true THEN NULL "
    "        WHEN false THEN coalesce(disabled_at, now()) ELSE disabled_at END, "
    "    policy_actions = CASE WHEN $5::boolean THEN policy_actions ELSE w.actions END, "
    "    policy_instances = CASE WHEN $7::boolean THEN policy_instances ELSE w.instances END "
    "    FROM v, w WHERE v.outcome = 'updated' AND a.id = $1::text "
    "    AND ($3::bigint IS NULL OR version = $3::bigint) RETURNING a.*) "
    "SELECT CASE WHEN v.outcome = 'updated' AND k.id IS NULL THEN 'version' ELSE v.outcome END, "
    "" COLUMNS ", CASE WHEN k.id IS NOT NULL THEN " NOTIFY " END "
    "FROM v LEFT JOIN k ON true LEFT JOIN project p ON p.id = k.project_id",
    8, PG_WRITES};

const struct pg_statement access_key_delete = {
    "access_key_delete",
    "WITH k AS (DELETE FROM access_key WHERE id = $1::text RETURNING *) "
    "SELECT k.id, " NOTIFY " FROM k",
    1, PG_WRITES};

/* The worker itself may not touch the table. */
const struct pg_statement access_key_forget = {
    "access_key_forget", "SELECT forget_ended_access_keys($1::bigint)", 1, PG_WRITES};
