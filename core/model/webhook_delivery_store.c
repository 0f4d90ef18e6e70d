/* Deliveries: the queue of what receivers are told, and its history. */
#include "model/webhook_store.h"

#define QUOTE(number) QUOTE_AGAIN(number)
#define QUOTE_AGAIN(number) #number
/* Of so many due ones the webhooks are tried. */
#define DUE_TRIED 256

#define STATUS                                                                                     \
    "CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered' "                                       \
    "    WHEN d.given_up_at IS NOT NULL THEN 'failed' WHEN d.error IS NOT NULL THEN 'retrying' "   \
    "    WHEN d.id IS NOT NULL THEN 'pending' END"

const struct pg_statement webhook_delivery_list = {
    "webhook_delivery_list",
    "SELECT n.count, d.id, d.event, " STATUS ", d.attempts, d.created_at, d.attempted_at, "
    "d.delivered_at, d.next_attempt_at, d.response_status, d.error "
    "FROM webhook w CROSS JOIN LATERAL (SELECT count(*) AS count FROM webhook_delivery "
    "    WHERE project_id = $1::uuid AND webhook_id = $2::uuid) n "
    "LEFT JOIN LATERAL (SELECT * FROM webhook_delivery "
    "    WHERE project_id = $1::uuid AND webhook_id = $2::uuid "
    "    ORDER BY created_at DESC, id DESC OFFSET $3::bigint LIMIT $4::bigint) d ON true "
    "WHERE w.project_id = $1::uuid AND w.id = $2::uuid ORDER BY d.created_at DESC, d.id DESC",
    4, PG_READS};

const struct pg_statement webhook_test = {
    "webhook_test",
    "WITH w AS MATERIALIZED (SELECT project_id, id, name FROM webhook "
    "    WHERE project_id = $1::uuid AND id = $2::uuid FOR KEY SHARE) "
    "SELECT webhook_queue(w.project_id, w.id, 'webhook.test', jsonb_build_object("
    "    'project_id', replace(w.project_id::text, '-', ''), 'webhook_id', w.id, "
    "    'webhook_name', w.name)), 'webhook.test', 'pending', 0, now(), NULL, NULL, now(), NULL, "
    "NULL FROM w",
    2, PG_WRITES};

/* Those of one webhook are in their order, as far as retries allow.  What is busy is stepped over:
 * each webhook has a bounded number that is due. */
const struct pg_statement webhook_delivery_claim = {
    "webhook_delivery_claim",
    "WITH due AS MATERIALIZED (SELECT project_id, id, webhook_id, next_attempt_at "
    "    FROM webhook_delivery WHERE next_attempt_at <= now() "
    "    AND webhook_id <> ALL ($3::uuid[]) ORDER BY next_attempt_at LIMIT " QUOTE(
        DUE_TRIED) "), "
                   "firsts AS (SELECT DISTINCT ON (webhook_id) * FROM due "
                   "    ORDER BY webhook_id, next_attempt_at, id), "
                   "ranked AS (SELECT *, row_number() OVER (PARTITION BY project_id ORDER BY "
                   "next_attempt_at) "
                   "    + cardinality(array_positions($4::uuid[], project_id)) AS place FROM "
                   "firsts), "
                   "taken AS (SELECT d.project_id, d.id FROM webhook_delivery d WHERE "
                   "d.next_attempt_at <= now() "
                   "    AND (d.project_id, d.id) IN (SELECT project_id, id FROM ranked "
                   "        WHERE place <= $5::bigint ORDER BY next_attempt_at LIMIT $2::bigint) "
                   "    FOR UPDATE SKIP LOCKED), "
                   "d AS (UPDATE webhook_delivery o SET attempts = attempts + 1, attempted_at = "
                   "now(), "
                   "        next_attempt_at = now() + $1::integer * interval '1 second' "
                   "    FROM taken t WHERE o.project_id = t.project_id AND o.id = t.id RETURNING "
                   "o.*) "
                   "SELECT d.project_id, d.id, d.webhook_id, d.attempts, d.payload, w.url, "
                   "w.sealed_secret "
                   "FROM d JOIN webhook w ON w.project_id = d.project_id AND w.id = d.webhook_id",
    5, PG_WRITES};

#define WHERE_OWN                                                                                  \
    "WHERE project_id = $1::uuid AND id = $2::uuid AND attempts = $3::integer "                    \
    "AND next_attempt_at IS NOT NULL "

const struct pg_statement webhook_delivery_succeed = {
    "webhook_delivery_succeed",
    "WITH d AS (UPDATE webhook_delivery SET next_attempt_at = NULL, delivered_at = now(), "
    "        response_status = $4::integer, error = NULL " WHERE_OWN "RETURNING *), "
    "well AS (UPDATE webhook w SET failing_since = NULL FROM d WHERE w.project_id = d.project_id "
    "    AND w.id = d.webhook_id AND w.failing_since IS NOT NULL) "
    "SELECT id FROM d",
    4, PG_WRITES};

/* What the receiver asks for is obeyed within the time that a delivery has. */
#define NEXT                                                                                       \
    "now() + interval '1 second' * greatest($7::integer, (0.8 + 0.4 * random()) "                  \
    "    * least($6::integer * 2.0 ^ least(attempts - 1, 20), " QUOTE(RETRY_SECONDS_MAX) "))"
#define RETRY_SECONDS_MAX 3600
#define RETRY_HOURS 24
_Static_assert(RETRY_SECONDS_MAX == (int)WEBHOOK_RETRY_SECONDS_MAX, "what the header says");
_Static_assert(RETRY_HOURS == (int)WEBHOOK_RETRY_HOURS, "what the header says");

const struct pg_statement webhook_delivery_fail = {
    "webhook_delivery_fail",
    "WITH next AS (SELECT project_id, id, webhook_id, CASE WHEN NOT $8::boolean AND moment "
    "        <= created_at + interval '" QUOTE(
        RETRY_HOURS) " hours' THEN moment END AS moment "
                     "    FROM (SELECT *, " NEXT " AS moment FROM webhook_delivery " WHERE_OWN
                     "FOR UPDATE) own), "
                     "gone AS (UPDATE webhook w SET failing_since = coalesce(failing_since, "
                     "now()), "
                     "        enabled = enabled AND NOT $8::boolean, version = version + "
                     "$8::boolean::integer, "
                     "        updated_at = CASE WHEN $8::boolean THEN now() ELSE updated_at END, "
                     "        disabled_reason = CASE WHEN $8::boolean THEN $5::text ELSE "
                     "disabled_reason END "
                     "    FROM next n WHERE w.project_id = n.project_id AND w.id = n.webhook_id "
                     "    AND ($8::boolean OR w.failing_since IS NULL)), "
                     "d AS (UPDATE webhook_delivery o SET next_attempt_at = n.moment, "
                     "        given_up_at = CASE WHEN n.moment IS NULL THEN now() END, "
                     "        response_status = $4::integer, error = $5::text "
                     "    FROM next n WHERE o.project_id = n.project_id AND o.id = n.id RETURNING "
                     "o.*), "
                     "others AS (UPDATE webhook_delivery o SET next_attempt_at = NULL, given_up_at "
                     "= now(), "
                     "        error = 'the webhook was turned off' FROM next n WHERE $8::boolean "
                     "    AND o.project_id = n.project_id AND o.webhook_id = n.webhook_id AND o.id "
                     "<> n.id "
                     "    AND o.next_attempt_at IS NOT NULL) "
                     "SELECT given_up_at IS NOT NULL FROM d",
    8, PG_WRITES};

const struct pg_statement webhook_delivery_release = {
    "webhook_delivery_release",
    "UPDATE webhook_delivery SET next_attempt_at = now() " WHERE_OWN
    "RETURNING pg_notify('" WEBHOOK_CHANNEL "', '')",
    3, PG_WRITES};

/* The inner limit is for the planner, which takes one that it does not know for a tenth of the
 * table. */
const struct pg_statement webhook_delivery_forget = {
    "webhook_delivery_forget",
    "DELETE FROM webhook_delivery WHERE (project_id, id) IN ("
    "    SELECT * FROM (SELECT project_id, id FROM webhook_delivery "
    "        WHERE created_at < now() - $1::integer * interval '1 day' "
    "        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o LIMIT $2::bigint) "
    "RETURNING 1",
    2, PG_WRITES};
