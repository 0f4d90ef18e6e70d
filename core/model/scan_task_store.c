/* Scan tasks: the queue, its history and the results, a statement per transition. */
#include "model/scan_task_store.h"

#include "analysis_points.h"
#include "model/instance_store.h"

/* ISO C99 promises 4095 characters in a literal; every compiler that is supported takes more, and
 * one statement is what makes an end whole. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

/* More than this many running tasks of a project weigh the same. */
#define RUNNING_COUNTED_MAX 64
/* Of so many of the oldest tasks the projects are tried where those of the ring have none to take.
 */
#define OLDEST_TRIED 64

#define QUOTE(number) QUOTE_AGAIN(number)
#define QUOTE_AGAIN(number) #number

#define RECORDS_MAX QUOTE(SCAN_TASK_RECORDS_MAX)

/* The node of an offline analysis: the one that was asked for; else, where all keys are on one
 * shard, a replica before the master. */
#define NODES_OF_INSTANCE                                                                          \
    "FROM instance_node WHERE project_id = $1::uuid AND instance_id = $2::uuid "
#define NODE_CHOSEN                                                                                \
    "node AS MATERIALIZED (SELECT n.*, n.shards = 1 AS has_all, "                                  \
    "        CASE WHEN n.id IS NULL THEN 'no_node' "                                               \
    "            WHEN $10::text IS NULL AND n.shards > 1 THEN 'several_shards' "                   \
    "            WHEN $11::text IS NOT NULL AND NOT target.has_backups THEN 'no_backups' "         \
    "        END AS refusal "                                                                      \
    "    FROM target LEFT JOIN LATERAL (SELECT id, host, port, role, shard, "                      \
    "            (SELECT count(DISTINCT shard) " NODES_OF_INSTANCE                                 \
    ") AS shards " NODES_OF_INSTANCE                                                               \
    "            AND ($10::text IS NULL OR id::text = $10::text) "                                 \
    "        ORDER BY shard, role DESC, host, port LIMIT 1) n ON true "                            \
    "    WHERE $4::text = 'offline'), "

/* A task and the memory of the request that made it are committed together.  Of two equal requests
 * at once the second finds the active task's place taken by a row that its snapshot does not show:
 * `retry` asks for a new snapshot, which shows both.  Tokens are looked up one by one: for a list
 * the planner may read all of the project's. */
const struct pg_statement scan_task_create = {
    "scan_task_create",
    "WITH target AS (SELECT status, $4::text = ANY (capabilities) AS supported, "
    "        backup_directory IS NOT NULL AS has_backups FROM instance "
    "    WHERE project_id = $1::uuid AND id = $2::uuid FOR KEY SHARE), "
    "repeated AS (SELECT r.* FROM unnest(ARRAY[$5::bytea, $6::bytea]) AS mine (token), "
    "    LATERAL (SELECT task_id, fingerprint FROM remembered_request "
    "        WHERE project_id = $1::uuid AND token = mine.token LIMIT 1) r "
    "    ORDER BY fingerprint = $7::bytea LIMIT 1), "
    "active AS (SELECT id FROM scan_task WHERE project_id = $1::uuid AND instance_id = $2::uuid "
    "    AND kind = $4::text AND status IN ('waiting', 'running')), " NODE_CHOSEN
    "inserted AS (INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, "
    "trace_parent, options, node_id, node_host, node_port, node_role, node_shard, node_has_all, "
    "backup_id) "
    "    SELECT $1::uuid, $2::uuid, $3::uuid, $4::text, 'manual', $8::text, $9::jsonb, "
    "        node.id, node.host, node.port, node.role, node.shard, node.has_all, $11::text "
    "    FROM target LEFT JOIN node ON true "
    "    WHERE status = 'RUNNING' AND supported AND refusal IS NULL "
    "    AND NOT EXISTS (SELECT FROM repeated) "
    "    ON CONFLICT (project_id, instance_id, kind) WHERE status IN ('waiting', 'running') "
    "    DO NOTHING RETURNING *), "
    "remembered AS (INSERT INTO remembered_request (project_id, token, fingerprint, task_id) "
    "    SELECT i.project_id, token, $7::bytea, i.id FROM inserted i, "
    "    unnest(ARRAY[$5::bytea, $6::bytea]) AS token WHERE token IS NOT NULL), "
    "retired AS (DELETE FROM scan_task WHERE (project_id, id) IN ("
    "    SELECT project_id, id FROM scan_task WHERE project_id = $1::uuid "
    "    AND instance_id = $2::uuid AND kind = $4::text AND status IN ('success', 'failed') "
    "    ORDER BY created_at DESC, id DESC OFFSET " RECORDS_MAX " - 1) "
    "    AND EXISTS (SELECT FROM inserted)), "
    "notified AS (SELECT pg_notify('" SCAN_TASK_CHANNEL "', '') FROM inserted) "
    "SELECT CASE WHEN r.fingerprint <> $7::bytea THEN 'mismatch' "
    "    WHEN t.id IS NOT NULL THEN 'created' WHEN r.fingerprint IS NOT NULL THEN 'no_task' "
    "    WHEN target.status <> 'RUNNING' THEN 'not_running' "
    "    WHEN NOT target.supported THEN 'unsupported' "
    "    WHEN node.refusal IS NOT NULL THEN node.refusal "
    "    WHEN EXISTS (SELECT FROM active) THEN 'busy' ELSE 'retry' END, " SCAN_TASK_COLUMNS
    ", s.keys, t.options, " ANALYSIS_SOURCE_COLUMNS ", (SELECT count(*) FROM notified) "
    "FROM target LEFT JOIN repeated r ON true LEFT JOIN node ON true "
    "LEFT JOIN LATERAL (SELECT * FROM inserted UNION ALL SELECT * FROM scan_task "
    "    WHERE project_id = $1::uuid AND id = r.task_id) t ON true "
    "LEFT JOIN scan_result s ON s.project_id = t.project_id AND s.task_id = t.id",
    11, PG_WRITES};

#define RESULT "LEFT JOIN scan_result r ON r.project_id = t.project_id AND r.task_id = t.id "
#define OPTIONS ", t.options "
#define SOURCE ", t.options, " ANALYSIS_SOURCE_COLUMNS " "
#define OF_KIND "kind = $4::text "
#define OF_KINDS "kind = ANY (string_to_array($4::text, ',')) "
#define SHOWN "SELECT 'found', " SCAN_TASK_COLUMNS ", "
#define SHOWN_OF                                                                                   \
    "WHERE t.project_id = $1::uuid AND t.id = $3::uuid AND t.instance_id = $2::uuid AND t."

const struct pg_statement scan_task_show = {
    "scan_task_show", SHOWN "r.keys" OPTIONS "FROM scan_task t " RESULT SHOWN_OF OF_KIND, 4,
    PG_READS};
const struct pg_statement scan_task_show_analysis = {
    "scan_task_show_analysis", SHOWN "r.keys" SOURCE "FROM scan_task t " RESULT SHOWN_OF OF_KINDS,
    4, PG_READS};
const struct pg_statement scan_task_show_offline = {
    "scan_task_show_offline", SHOWN "r.members" SOURCE "FROM scan_task t " RESULT SHOWN_OF OF_KIND,
    4, PG_READS};
const struct pg_statement scan_task_show_node = {
    "scan_task_show_node", SHOWN "NULL" SOURCE "FROM scan_task t " SHOWN_OF OF_KIND, 4, PG_READS};

const struct pg_statement scan_task_absent = {
    "scan_task_absent",
    "SELECT 'no_task' FROM instance WHERE project_id = $1::uuid AND id = $2::uuid "
    "AND ($3::uuid, $4::text) IS NOT NULL",
    4, PG_READS};

/* What an analysis left in the series; of one that did not finish there is nothing. */
#define POINTS_DELETED(table)                                                                      \
    table "s_deleted AS (DELETE FROM " table " p USING deleted d "                                 \
          "    WHERE p.project_id = d.project_id AND p.instance_id = d.instance_id "               \
          "    AND p.finished_at = d.finished_at AND p.task_id = d.id)"
#define WHOLE_POINTS_DELETED POINTS_DELETED("analysis_point")
#define PREFIX_POINTS_DELETED POINTS_DELETED("analysis_prefix_point")
#define DELETED(of)                                                                                \
    "WITH deleted AS (DELETE FROM scan_task WHERE project_id = $1::uuid "                          \
    "    AND instance_id = $2::uuid AND id = $3::uuid AND " of "RETURNING *), "                    \
    "notified AS (SELECT pg_notify('" SCAN_TASK_CHANNEL "', id::text) FROM deleted "               \
    "    WHERE status = 'running'), " WHOLE_POINTS_DELETED ", " PREFIX_POINTS_DELETED " "          \
    "SELECT CASE WHEN t.id IS NULL THEN 'no_task' ELSE 'deleted' END, " SCAN_TASK_COLUMNS ", "
#define ONE_DELETED DELETED(OF_KIND)
#define ANALYSIS_DELETED DELETED(OF_KINDS)
#define DELETED_FROM                                                                               \
    ", (SELECT count(*) FROM notified) FROM instance i LEFT JOIN deleted t ON true "
#define DELETED_OF "WHERE i.project_id = $1::uuid AND i.id = $2::uuid"

const struct pg_statement scan_task_delete = {
    "scan_task_delete", ONE_DELETED "r.keys" OPTIONS DELETED_FROM RESULT DELETED_OF, 4, PG_WRITES};
const struct pg_statement scan_task_delete_analysis = {
    "scan_task_delete_analysis", ANALYSIS_DELETED "r.keys" SOURCE DELETED_FROM RESULT DELETED_OF, 4,
    PG_WRITES};
const struct pg_statement scan_task_delete_offline = {
    "scan_task_delete_offline", ONE_DELETED "NULL" OPTIONS DELETED_FROM DELETED_OF, 4, PG_WRITES};

const struct pg_statement scan_task_list = {
    "scan_task_list",
    "SELECT n.count, n.total, " SCAN_TASK_COLUMNS " FROM instance i "
    "CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(sum(num), 0) AS total FROM scan_task "
    "    WHERE project_id = $1::uuid AND instance_id = $2::uuid AND kind = $3::text "
    "    AND ($4::text IS NULL OR status = $4::text)) n "
    "LEFT JOIN LATERAL (SELECT * FROM scan_task "
    "    WHERE project_id = $1::uuid AND instance_id = $2::uuid AND kind = $3::text "
    "    AND ($4::text IS NULL OR status = $4::text) "
    "    ORDER BY created_at DESC, id DESC OFFSET $5::bigint LIMIT $6::bigint) t ON true "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid ORDER BY t.created_at DESC, t.id DESC",
    6, PG_READS};

#define OF_INSTANCE                                                                                \
    "FROM scan_task WHERE project_id = $1::uuid AND instance_id = $2::uuid "                       \
    "AND ($3::text IS NULL OR kind = $3::text) AND ($4::text IS NULL OR status = $4::text) "

const struct pg_statement scan_task_list_all = {
    "scan_task_list_all",
    "SELECT n.count, " SCAN_TASK_COLUMNS ", t.kind, t.keys_seen, t.keys_total, t.attempt "
    "FROM instance i CROSS JOIN LATERAL (SELECT count(*) AS count " OF_INSTANCE ") n "
    "LEFT JOIN LATERAL (SELECT * " OF_INSTANCE
    "    ORDER BY created_at DESC, id DESC OFFSET $5::bigint LIMIT $6::bigint) t ON true "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid ORDER BY t.created_at DESC, t.id DESC",
    6, PG_READS};

/* What was told of an earlier attempt is not how it goes on now.  The cost of a scan that succeeded
 * is the recorded one; of either no more is told than these members, whatever else there is. */
#define TELLS                                                                                      \
    "t.status = 'running' AND t.lease_owner IS NOT NULL "                                          \
    "AND t.progress->>'attempt' = t.attempt::text"
#define PROGRESS_COLUMNS                                                                           \
    SCAN_TASK_COLUMNS                                                                              \
    ", t.kind, t.attempt, t.keys_seen, t.keys_total, "                                             \
    "CASE WHEN " TELLS " THEN (t.progress->>'keys_per_second')::bigint END, "                      \
    "CASE WHEN " TELLS " THEN t.progress->>'pause' END, "                                          \
    "(SELECT jsonb_strip_nulls(jsonb_build_object("                                                \
    "    'profile', c->'profile', 'pauses', c->'pauses', 'paused_ms', c->'paused_ms', "            \
    "    'halvings', c->'halvings', 'baseline_us', c->'baseline_us', 'worst_us', c->'worst_us', "  \
    "    'latency_us', CASE WHEN " TELLS " THEN c->'latency_us' END, "                             \
    "    'touched', c->'touched', 'commands', c->'commands')) "                                    \
    "    FROM coalesce(t.cost, t.progress->'cost') AS c WHERE c IS NOT NULL), "                    \
    "t.progress->'shards', "                                                                       \
    "coalesce(t.finished_at, (t.progress->>'updated_at')::timestamptz), t.failure_code "

const struct pg_statement scan_task_progress = {
    "scan_task_progress",
    "SELECT CASE WHEN t.id IS NULL THEN 'no_task' ELSE 'found' END, " PROGRESS_COLUMNS
    "FROM instance i LEFT JOIN scan_task t ON t.project_id = i.project_id "
    "    AND t.instance_id = i.id AND t.id = $3::uuid "
    "WHERE i.project_id = $1::uuid AND i.id = $2::uuid",
    3, PG_READS};

const struct pg_statement scan_task_watch = {
    "scan_task_watch",
    "SELECT m.n, " PROGRESS_COLUMNS
    "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY "
    "    AS m (project_id, instance_id, id, n) "
    "JOIN scan_task t ON t.project_id = m.project_id AND t.instance_id = m.instance_id "
    "    AND t.id = m.id",
    3, PG_READS};

/* Others may take a task over at the end of its lease, $2, and a while after that, which doubles
 * with every attempt from a tenth of the lease up to three, give or take a fifth: what kills
 * its workers does not kill them in a row.  Of a claim, which counts its attempt, half as long. */
#define LEASE_END                                                                                  \
    "now() + $2::integer * interval '1 second' "                                                   \
    "* (1 + least(0.05 * 2 ^ attempt, 0.3) * (0.8 + 0.4 * random()))"

/* Up to a number of projects that have something waiting, from a random one on around their ring:
 * to the end of all ids, and then up to where it began.  Each step is one descent of an index, two
 * where the end is passed; what bounds it must be a condition of the index, as a filter would walk
 * over all that waits behind the last one. */
#define HEAD_OF_WAITING "FROM scan_task WHERE status = 'waiting' "
#define FIRST_OF_WAITING "ORDER BY project_id, claimable_at LIMIT 1) "
#define WEIGHED QUOTE(SCAN_TASK_PROJECTS_WEIGHED)
#define START "(SELECT project_id FROM start)"
#define END_OF_IDS "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
#define RING                                                                                       \
    "start AS MATERIALIZED (SELECT gen_random_uuid() AS project_id), "                             \
    "ring AS ((SELECT 1 AS step, project_id, claimable_at, bound FROM ("                           \
    "        (SELECT project_id, claimable_at, " END_OF_IDS " AS bound " HEAD_OF_WAITING           \
    "         AND project_id >= " START " " FIRST_OF_WAITING                                       \
    "        UNION ALL (SELECT project_id, claimable_at, " START " AS bound " HEAD_OF_WAITING      \
    "         AND project_id < " START " " FIRST_OF_WAITING ") either LIMIT 1) "                   \
    "    UNION ALL SELECT ring.step + 1, n.* FROM ring, LATERAL (SELECT * FROM ("                  \
    "        (SELECT project_id, claimable_at, ring.bound " HEAD_OF_WAITING                        \
    "         AND project_id > ring.project_id AND project_id < ring.bound " FIRST_OF_WAITING      \
    "        UNION ALL (SELECT project_id, claimable_at, " START " AS bound " HEAD_OF_WAITING      \
    "         AND ring.bound > " START " AND project_id < " START " " FIRST_OF_WAITING             \
    "        ) either LIMIT 1) n WHERE ring.step < " WEIGHED "), "

/* First what a lost worker left behind; then, of the projects of the ring, the oldest task of the
 * one with the fewest running; and where none of these has any that is due, the oldest of all.  A
 * project that has as many running as it may is passed over.  The arms are tried in turn and the
 * first row ends it, so that one row is locked.  The project is asked for as a range and in its
 * order: with `=` the planner may as well read the queue of all by age and drop what is others',
 * which is as long as the queue is.
 *
 * Whoever does not know a kind leaves it to those that do; the ring may show projects that have
 * nothing else. */
#define KNOWN "kind = ANY (string_to_array($5::text, ',')) "
#define TAKE_FIRST "LIMIT 1 FOR UPDATE SKIP LOCKED) "
#define TAKE "ORDER BY claimable_at " TAKE_FIRST
#define COUNTED QUOTE(RUNNING_COUNTED_MAX)
#define OLDEST QUOTE(OLDEST_TRIED)
#define OLDEST_OF(project)                                                                         \
    "LATERAL (SELECT project_id, id FROM scan_task t "                                             \
    "    WHERE t.project_id >= " project ".project_id AND t.project_id <= " project ".project_id " \
    "    AND t.status = 'waiting' AND t.claimable_at <= now() AND " KNOWN                          \
    "    ORDER BY t.project_id, claimable_at " TAKE_FIRST "w "                                     \
    "WHERE project_may_scan(" project ".project_id, $4::integer) LIMIT 1) "
#define OLDEST_OF_FAIR OLDEST_OF("fair")
#define OLDEST_OF_OLD OLDEST_OF("old")
#define DUE                                                                                        \
    "due AS (SELECT * FROM ("                                                                      \
    "    SELECT * FROM (SELECT project_id, id, lease_owner IS NOT NULL AS was_lost "               \
    "        FROM scan_task WHERE status = 'running' AND " KNOWN                                   \
    "        AND claimable_at <= now() AND attempt < $3::integer " TAKE "a "                       \
    "    UNION ALL (SELECT w.project_id, w.id, false FROM (SELECT project_id FROM ring "           \
    "        WHERE claimable_at <= now() ORDER BY (SELECT count(*) FROM (SELECT FROM scan_task r " \
    "            WHERE r.project_id = ring.project_id AND r.status = 'running' "                   \
    "            LIMIT " COUNTED ") few), claimable_at) fair, " OLDEST_OF_FAIR                     \
    "    UNION ALL (SELECT w.project_id, w.id, false FROM (SELECT project_id FROM ("               \
    "            SELECT project_id, claimable_at FROM scan_task WHERE status = 'waiting' "         \
    "            AND claimable_at <= now() AND " KNOWN "ORDER BY claimable_at LIMIT " OLDEST       \
    ") o "                                                                                         \
    "        GROUP BY project_id ORDER BY min(claimable_at)) old, " OLDEST_OF_OLD                  \
    "    ) tried LIMIT 1), "

/* What it costs grows neither with the history nor with the queue. */
const struct pg_statement scan_task_claim = {
    "scan_task_claim",
    "WITH RECURSIVE " RING DUE
    "t AS (UPDATE scan_task s SET status = 'running', started_at = coalesce(started_at, now()), "
    "    attempt = attempt + 1, fence = fence + 1, lease_owner = $1::text, "
    "    claimable_at = " LEASE_END " "
    "    FROM due WHERE s.project_id = due.project_id AND s.id = due.id RETURNING s.*, "
    "    due.was_lost) "
    "SELECT t.project_id, t.instance_id, t.id, t.kind, t.fence, t.attempt, "
    "t.created_at, a.scan_keys_count, a.timeout_seconds, t.scan_ms, "
    "c.checkpoint, t.was_lost, t.trace_parent, t.options, t.node_host, t.node_port, "
    "t.backup_id, i.backup_directory, " INSTANCE_TARGET_COLUMNS
    " FROM t JOIN instance i ON i.project_id = t.project_id AND i.id = t.instance_id "
    "LEFT JOIN autoscan a ON t.scan_type = 'auto' AND a.project_id = t.project_id "
    "    AND a.instance_id = t.instance_id AND a.kind = t.kind "
    "LEFT JOIN scan_checkpoint c ON c.project_id = t.project_id AND c.task_id = t.id",
    5, PG_WRITES};

/* Of the rows of `own`; null leaves alone what is there. */
#define CHECKPOINTS_KEPT                                                                           \
    "kept AS (INSERT INTO scan_checkpoint (project_id, task_id, checkpoint) "                      \
    "    SELECT project_id, id, checkpoint FROM own WHERE checkpoint IS NOT NULL "                 \
    "    ON CONFLICT (project_id, task_id) DO UPDATE SET checkpoint = excluded.checkpoint, "       \
    "    written_at = excluded.written_at) "

const struct pg_statement scan_task_renew = {
    "scan_task_renew",
    "WITH own AS (UPDATE scan_task t SET claimable_at = " LEASE_END ", lease_owner = $1::text, "
    "    keys_seen = mine.keys_seen, keys_total = mine.keys_total, scan_ms = mine.scan_ms "
    "    FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], "
    "        $8::bigint[], $9::text[]) "
    "        AS mine (project_id, id, fence, keys_seen, keys_total, scan_ms, checkpoint) "
    "    WHERE t.project_id = mine.project_id AND t.id = mine.id AND t.fence = mine.fence "
    "    AND t.status = 'running' AND t.lease_owner IS NOT NULL "
    "    RETURNING t.project_id, t.id, t.fence, "
    "mine.checkpoint), " CHECKPOINTS_KEPT "SELECT id, fence FROM own",
    9, PG_WRITES};

/* No column that an index has changes, so that a page with room takes the row's next version. */
const struct pg_statement scan_task_tell = {
    "scan_task_tell",
    "UPDATE scan_task t SET keys_seen = mine.keys_seen, keys_total = mine.keys_total, "
    "    scan_ms = mine.scan_ms, progress = jsonb_strip_nulls("
    "        coalesce(mine.progress::jsonb, t.progress - 'pause', '{}') || jsonb_build_object("
    "        'keys_per_second', mine.rate, 'attempt', t.attempt, 'updated_at', now())) "
    "FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "
    "        $7::bigint[], $8::text[]) "
    "    AS mine (project_id, id, fence, keys_seen, keys_total, scan_ms, rate, progress) "
    "WHERE t.project_id = mine.project_id AND t.id = mine.id AND t.fence = mine.fence "
    "AND t.status = 'running' AND t.lease_owner IS NOT NULL RETURNING t.id, t.fence",
    8, PG_WRITES};

const struct pg_statement scan_task_check = {
    "scan_task_check",
    "SELECT t.id, t.fence "
    "FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS mine (project_id, id, fence) "
    "JOIN scan_task t ON t.project_id = mine.project_id AND t.id = mine.id "
    "    AND t.fence = mine.fence AND t.status = 'running' AND t.lease_owner IS NOT NULL",
    3, PG_WRITES};

/* Only what runs has an owner, and what was let go has none. */
#define WHERE_OWN                                                                                  \
    "WHERE project_id = $1::uuid AND id = $2::uuid AND fence = $3::bigint "                        \
    "AND lease_owner IS NOT NULL "

#define FINISHED "finished_at = now(), claimable_at = NULL, lease_owner = NULL, "
#define CHECKPOINTS_FORGOTTEN                                                                      \
    "forgotten AS (DELETE FROM scan_checkpoint c USING own "                                       \
    "    WHERE c.project_id = own.project_id AND c.task_id = own.id) "

#define ANALYSED_RESULT ANALYSED("$5")

/* Queues what webhooks are to be told, in the same transaction; of the whole row that ended. */
#define TOLD(result) "webhook_task_ended(ended, " result "::text)"

const struct pg_statement scan_task_succeed = {
    "scan_task_succeed",
    "WITH own AS (UPDATE scan_task SET status = 'success', " FINISHED "num = $4::integer, "
    "    keys_seen = $6::bigint, keys_total = greatest(keys_total, $6::bigint), "
    "    cost = $7::jsonb, scan_ms = $8::bigint " WHERE_OWN
    "    RETURNING project_id, instance_id, id, kind, finished_at, node_has_all, backup_id, "
    "        scan_task AS ended), " ANALYSED_RESULT
    "stored AS (INSERT INTO scan_result (project_id, task_id, keys, members, analysed_keys, "
    "        analysed_bytes) "
    "    SELECT own.project_id, own.id, $5::text, $9::text, (document->>'keys')::bigint, "
    "        (document->>'bytes')::bigint FROM own LEFT JOIN analysed USING (id) "
    "    WHERE $5::text IS NOT NULL), " ANALYSIS_POINTS CHECKPOINTS_FORGOTTEN
    "SELECT id, " TOLD("$5") " FROM own",
    9, PG_WRITES};

const struct pg_statement scan_task_fail = {
    "scan_task_fail",
    "WITH own AS (UPDATE scan_task SET status = 'failed', " FINISHED "failure = $4::text, "
    "    num = $5::integer, scan_ms = $6::bigint, failure_code = $7::text " WHERE_OWN
    "RETURNING project_id, id, scan_task AS ended), " CHECKPOINTS_FORGOTTEN
    "SELECT id, " TOLD("NULL") " FROM own",
    7, PG_WRITES};

/* Lets go of a task that stays `running`.  A renewal that is still on its way does not take back
 * what has no owner. */
#define LET_GO "UPDATE scan_task SET lease_owner = NULL, scan_ms = $5::bigint, "

const struct pg_statement scan_task_release = {
    "scan_task_release",
    "WITH own AS (" LET_GO "claimable_at = now(), attempt = attempt - 1 " WHERE_OWN
    "    RETURNING project_id, id, $4::text AS checkpoint), " CHECKPOINTS_KEPT
    "SELECT id, pg_notify('" SCAN_TASK_CHANNEL "', '') FROM own",
    5, PG_WRITES};

const struct pg_statement scan_task_retry = {
    "scan_task_retry",
    "WITH own AS (" LET_GO "last_error = $6::text, claimable_at = now() + interval '1 second' "
    "    * least($7::integer * 2 ^ (attempt - 1), $8::integer) * (0.8 + 0.4 * random()) " WHERE_OWN
    "    RETURNING project_id, id, claimable_at, $4::text AS checkpoint), " CHECKPOINTS_KEPT
    "SELECT id, ceil(extract(epoch FROM claimable_at - now()) * 1000)::bigint FROM own",
    8, PG_WRITES};

const struct pg_statement scan_task_give_up = {
    "scan_task_give_up",
    "WITH own AS (UPDATE scan_task SET status = 'failed', " FINISHED
    "    failure_code = '" SCAN_TASK_GIVEN_UP "', "
    "    failure = 'given up after ' || attempt || ' attempts: ' || "
    "    CASE WHEN lease_owner IS NULL AND last_error IS NOT NULL THEN last_error "
    "        ELSE 'the worker ' || coalesce(lease_owner, 'that ran it') || ' was lost' END "
    "    WHERE (project_id, id) IN (SELECT project_id, id FROM scan_task "
    "        WHERE claimable_at <= now() AND status = 'running' AND attempt >= $1::integer "
    "        ORDER BY claimable_at LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING project_id, "
    "id, scan_task AS ended), " CHECKPOINTS_FORGOTTEN "SELECT id, " TOLD("NULL") " FROM own",
    1, PG_WRITES};

/* The inner limit is for the planner, which takes one that it does not know for a tenth of the
 * table. */
const struct pg_statement scan_task_forget = {
    "scan_task_forget",
    "DELETE FROM scan_task WHERE (project_id, id) IN ("
    "    SELECT * FROM (SELECT project_id, id FROM scan_task "
    "        WHERE finished_at < now() - $1::integer * interval '1 day' "
    "        ORDER BY finished_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o LIMIT $2::bigint) "
    "RETURNING 1",
    2, PG_WRITES};

#define SURVEY_COLUMNS                                                                             \
    SCAN_TASK_COLUMNS ", p.name, t.project_id, i.name, t.kind, t.attempt, t.lease_owner, "         \
                      "t.keys_seen, t.keys_total, t.failure "
#define SURVEY_TABLES                                                                              \
    "FROM scan_task t JOIN project p ON p.id = t.project_id "                                      \
    "JOIN instance i ON i.project_id = t.project_id AND i.id = t.instance_id "

const struct pg_statement scan_task_survey = {
    "scan_task_survey",
    "SELECT " SURVEY_COLUMNS SURVEY_TABLES "WHERE ($1::uuid IS NULL OR t.project_id = $1::uuid) "
    "AND ($2::uuid IS NULL OR t.instance_id = $2::uuid) "
    "AND ($3::text IS NULL OR t.status = $3::text) "
    "ORDER BY t.created_at DESC, t.id DESC LIMIT $4::bigint",
    4, PG_READS};

/* What a worker told last, for operators. */
#define TOLD_COLUMNS                                                                               \
    ", CASE WHEN " TELLS " THEN (t.progress->>'keys_per_second')::bigint END, "                    \
    "CASE WHEN " TELLS " THEN t.progress->>'pause' END, "                                          \
    "(SELECT sum(value::bigint) FROM jsonb_each_text(t.progress->'cost'->'pauses')), "             \
    "(SELECT count(*) FROM jsonb_array_elements(t.progress->'shards') AS s "                       \
    "    WHERE s->>'state' = 'done'), coalesce(jsonb_array_length(t.progress->'shards'), 0) "

/* What runs is about as much as workers have threads; what waits may be any number. */
#define OF_PROJECT "($1::uuid IS NULL OR project_id = $1::uuid) "
#define RUNNING_NOW                                                                                \
    "FROM scan_task WHERE status = 'running' AND claimable_at IS NOT NULL AND " OF_PROJECT
const struct pg_statement scan_task_running = {
    "scan_task_running",
    "SELECT " SURVEY_COLUMNS ", t.scan_ms, n.running, n.waiting" TOLD_COLUMNS
    "FROM (SELECT (SELECT count(*) " RUNNING_NOW ") AS running, "
    "    (SELECT count(*) FROM (SELECT FROM scan_task WHERE status = 'waiting' AND " OF_PROJECT
    "        LIMIT " QUOTE(
        SCAN_TASK_WAITING_COUNTED) ") few) AS waiting) n "
                                   "LEFT JOIN LATERAL (SELECT * " RUNNING_NOW
                                   "    ORDER BY started_at, id LIMIT $2::bigint) t ON true "
                                   "LEFT JOIN project p ON p.id = t.project_id "
                                   "LEFT JOIN instance i ON i.project_id = t.project_id AND i.id = "
                                   "t.instance_id "
                                   "ORDER BY t.started_at, t.id",
    2, PG_READS};

const struct pg_statement scan_task_inspect = {
    "scan_task_inspect",
    "SELECT " SURVEY_COLUMNS ", r.keys, t.cost, t.scan_ms, t.last_error, c.written_at" TOLD_COLUMNS
    ", " ANALYSIS_SOURCE_COLUMNS " " SURVEY_TABLES
    "LEFT JOIN scan_result r ON r.project_id = t.project_id AND r.task_id = t.id "
    "LEFT JOIN scan_checkpoint c ON c.project_id = t.project_id AND c.task_id = t.id "
    "WHERE t.id = $1::uuid",
    1, PG_READS};
