/* Rounds of automatic analyses: due rows to tasks, many in one statement. */
#include "model/autoscan_round_store.h"

#include "model/scan_task_store.h"

/* ISO C99 promises 4095 characters in a literal; every compiler that is supported takes more, and
 * one statement is what makes a round whole. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

#define QUOTE(number) QUOTE_AGAIN(number)
#define QUOTE_AGAIN(number) #number

#define MOMENT "coalesce($3::timestamptz, now())"
#define SECONDS(number) "interval '" QUOTE(number) " seconds'"
#define GRACE SECONDS(AUTOSCAN_GRACE_SECONDS)
#define RECHECK SECONDS(AUTOSCAN_RECHECK_SECONDS)
#define MOST_AT_ONCE "LIMIT " QUOTE(AUTOSCAN_ADVANCE_MOST) " FOR UPDATE SKIP LOCKED"
#define RECORDS_KEPT "OFFSET " QUOTE(SCAN_TASK_RECORDS_MAX) " - 1"
#define LOOK_AT "coalesce(deferred_until, next_at)"

/* Of a row s with a horizon: the latest daily time up to it, and the first one past it. */
#define DAILY_TIMES                                                                                \
    "FROM unnest(s.schedule_minutes) AS minute, LATERAL (VALUES (-1440), (0), (1440)) AS day "     \
    "(shift), LATERAL (SELECT date_trunc('day', s.horizon, 'UTC') "                                \
    "    + (minute + shift) * interval '1 minute' AS slot) times "
#define DAILY_LATEST "(SELECT max(slot) " DAILY_TIMES "WHERE slot <= s.horizon)"
#define DAILY_FOLLOWING "(SELECT min(slot) " DAILY_TIMES "WHERE slot > s.horizon)"

/* How many daily times had passed at the slot, and at the next time, since 1970. */
#define DAILY_RANK(moment)                                                                         \
    "floor(extract(epoch FROM " moment ") / 86400) * cardinality(s.schedule_minutes) "             \
    "+ (SELECT count(*) FROM unnest(s.schedule_minutes) AS minute "                                \
    "WHERE minute * 60 <= mod(extract(epoch FROM " moment "), 86400))"
#define DAILY_MISSED                                                                               \
    "greatest(0, (" DAILY_RANK("slot") ") - (" DAILY_RANK("next_at") "))::bigint AS missed "

/* The rows that are due, each with its instance.  What belongs to a row is looked up by the row's
 * key, here and below, in a form that leaves no choice: a join, or EXISTS, may read a whole table
 * for every batch.  Of the two limits the first one is for the planner, which takes one that it
 * does not know for a tenth of the table.  Nobody waits for a row that is being moved or
 * configured, nor for an instance that is being removed, which in turn waits for its rows: it is
 * looked at the next time. */
#define IS_DUE "next_at IS NOT NULL AND " LOOK_AT " <= " MOMENT " "
#define DUE(selection)                                                                             \
    "due AS (SELECT * FROM (SELECT project_id, instance_id, kind, next_at, schedule_minutes, "     \
    "        interval_seconds, options FROM autoscan WHERE " IS_DUE selection                      \
    "        ORDER BY " LOOK_AT " " MOST_AT_ONCE ") o "                                            \
    "    LIMIT cardinality($1::uuid[])), "                                                         \
    "known AS (SELECT d.*, ($1::uuid[])[row_number() OVER ()] AS task_id, i.status, "              \
    "    d.kind = ANY (i.capabilities) AS supported, (SELECT true FROM scan_task t "               \
    "        WHERE t.project_id = d.project_id AND t.instance_id = d.instance_id "                 \
    "        AND t.kind = d.kind AND t.status IN ('waiting', 'running') LIMIT 1) "                 \
    "        IS NOT NULL AS busy "                                                                 \
    "    FROM due d, LATERAL (SELECT status, capabilities FROM instance "                          \
    "        WHERE project_id = d.project_id AND id = d.instance_id LIMIT 1 "                      \
    "        FOR KEY SHARE SKIP LOCKED) i), "                                                      \
    "horizons AS (SELECT *, " MOMENT " - CASE WHEN busy AND kind = 'expired' "                     \
    "    THEN " GRACE " ELSE interval '0' END AS horizon FROM known), "

/* The latest round up to the horizon, the one after it, and how many fell due before it.  A next
 * time past the horizon is a round that waits.  The next time is trusted where it is on no grid. */
#define SLOTS                                                                                      \
    "daily AS (SELECT s.*, greatest(next_at, " DAILY_LATEST ") AS slot, "                          \
    "    " DAILY_FOLLOWING " AS following FROM horizons s WHERE kind <> 'expired'), "              \
    "periodic AS (SELECT s.*, CASE WHEN interval_seconds > 0 AND next_at <= horizon "              \
    "        THEN floor(extract(epoch FROM horizon - next_at) / interval_seconds) ELSE 0 END "     \
    "        AS steps FROM horizons s WHERE kind = 'expired'), "                                   \
    "slots AS (SELECT project_id, instance_id, kind, task_id, status, supported, busy, next_at, "  \
    "        options, horizon, slot, following, " DAILY_MISSED "FROM daily s "                     \
    "    UNION ALL SELECT project_id, instance_id, kind, task_id, status, supported, busy, "       \
    "        next_at, options, horizon, next_at + steps * interval_seconds * interval '1 "         \
    "second', "                                                                                    \
    "        CASE WHEN interval_seconds > 0 "                                                      \
    "            THEN next_at + (steps + 1) * interval_seconds * interval '1 second' END, "        \
    "        steps::bigint FROM periodic), "

#define VERDICTS                                                                                   \
    "judged AS (SELECT s.*, CASE WHEN next_at > horizon THEN 'deferred' "                          \
    "        WHEN (SELECT true FROM autoscan_round r WHERE r.project_id = s.project_id "           \
    "            AND r.instance_id = s.instance_id AND r.kind = s.kind AND r.slot = s.slot LIMIT " \
    "1) "                                                                                          \
    "            THEN 'decided' WHEN status <> 'RUNNING' THEN 'not_running' "                      \
    "        WHEN NOT supported THEN 'unsupported' WHEN busy THEN 'busy' ELSE 'started' END "      \
    "        AS verdict, "                                                                         \
    "        coalesce(least($2::bigint, extract(epoch FROM following - slot) / 10), $2::bigint) "  \
    "        * (hashtextextended(instance_id::text || kind, 0) & 1048575) / 1048576 AS delay "     \
    "    FROM slots s), "

/* A task that somebody else made since the snapshot keeps its place. */
#define TASKS                                                                                      \
    "made AS (INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, created_at, "   \
    "        claimable_at, options) SELECT project_id, instance_id, task_id, kind, "               \
    "'auto', " MOMENT ", " MOMENT                                                                  \
    " + delay * interval '1 second', options FROM judged WHERE verdict = 'started' "               \
    "    ON CONFLICT (project_id, instance_id, kind) WHERE status IN ('waiting', 'running') "      \
    "    DO NOTHING RETURNING project_id, instance_id, kind, id), "                                \
    "retired AS (DELETE FROM scan_task t USING (SELECT old.project_id, old.id FROM made m, "       \
    "    LATERAL (SELECT project_id, id FROM scan_task h WHERE h.project_id = m.project_id "       \
    "        AND h.instance_id = m.instance_id AND h.kind = m.kind "                               \
    "        AND h.status IN ('success', 'failed') ORDER BY created_at DESC, id DESC "             \
    "        " RECORDS_KEPT ") old) o WHERE t.project_id = o.project_id AND t.id = o.id), "

/* Of an interval of seconds a week has very many rounds.  One of years, so many times, is before
 * what a time can be. */
#define STEP "least(s.following - s.slot, interval '1 day')"
#define LONG_PAST "h.slot < s.slot - " STEP " * " QUOTE(AUTOSCAN_ROUNDS_MAX) " "
#define OUTLIVED                                                                                   \
    "outlived AS (DELETE FROM autoscan_round r USING (SELECT old.* FROM settled s, "               \
    "    LATERAL (SELECT project_id, instance_id, kind, slot FROM autoscan_round h "               \
    "        WHERE s.kind = 'expired' AND h.project_id = s.project_id "                            \
    "        AND h.instance_id = s.instance_id AND h.kind = s.kind AND " LONG_PAST                 \
    "        ORDER BY slot LIMIT 2) old) o WHERE r.project_id = o.project_id "                     \
    "    AND r.instance_id = o.instance_id AND r.kind = o.kind AND r.slot = o.slot), "

#define RECORDS                                                                                    \
    "settled AS (SELECT j.*, CASE WHEN verdict = 'started' AND m.id IS NULL THEN "                 \
    "        CASE kind WHEN 'expired' THEN 'deferred' ELSE 'busy' END ELSE verdict END AS "        \
    "outcome "                                                                                     \
    "    FROM judged j LEFT JOIN (SELECT project_id, id FROM made) m "                             \
    "    ON m.project_id = j.project_id AND m.id = j.task_id), "                                   \
    "recorded AS (INSERT INTO autoscan_round (project_id, instance_id, kind, slot, outcome, "      \
    "        reason, missed, task_id, decided_at) SELECT project_id, instance_id, kind, slot, "    \
    "        CASE outcome WHEN 'started' THEN outcome ELSE 'skipped' END, "                        \
    "        CASE WHEN outcome <> 'started' THEN outcome END, missed, "                            \
    "        CASE outcome WHEN 'started' THEN task_id END, " MOMENT " FROM settled "               \
    "    WHERE outcome NOT IN ('deferred', 'decided')), " OUTLIVED                                 \
    "moved AS (UPDATE autoscan a SET next_at = CASE s.outcome WHEN 'deferred' THEN a.next_at "     \
    "        ELSE s.following END, deferred_until = CASE s.outcome WHEN 'deferred' THEN "          \
    "        greatest(" MOMENT " + interval '1 second', "                                          \
    "            least(a.next_at + " GRACE ", " MOMENT " + " RECHECK ")) END FROM settled s "      \
    "    WHERE a.project_id = s.project_id AND a.instance_id = s.instance_id "                     \
    "    AND a.kind = s.kind) "

#define ADVANCE(selection)                                                                         \
    "WITH " DUE(selection) SLOTS VERDICTS TASKS RECORDS                                            \
        "SELECT count(*), count(*) FILTER (WHERE outcome = 'started'), "                           \
        "    count(*) FILTER (WHERE outcome NOT IN ('started', 'deferred', 'decided')), "          \
        "    coalesce(sum(missed) FILTER (WHERE outcome NOT IN ('deferred', 'decided')), 0), "     \
        "    (SELECT count(*) FROM (SELECT pg_notify('" SCAN_TASK_CHANNEL "', '') "                \
        "        WHERE EXISTS (SELECT FROM made)) n) FROM settled"

const struct pg_statement autoscan_advance = {"autoscan_advance", ADVANCE(""), 3, PG_WRITES};

/* A statement of its own, as a condition that may be null would be a riddle to the planner. */
const struct pg_statement autoscan_advance_one = {
    "autoscan_advance_one",
    ADVANCE("AND project_id = $4::uuid AND instance_id = $5::uuid AND kind = $6::text "), 6,
    PG_WRITES};

const struct pg_statement autoscan_list_due = {"autoscan_list_due",
                                               "SELECT project_id, instance_id, kind FROM autoscan "
                                               "WHERE next_at IS NOT NULL AND " LOOK_AT " <= now() "
                                               "ORDER BY " LOOK_AT
                                               " LIMIT " QUOTE(AUTOSCAN_ADVANCE_MOST),
                                               0, PG_WRITES};

const struct pg_statement autoscan_set_aside = {
    "autoscan_set_aside",
    "UPDATE autoscan SET deferred_until = now() + " SECONDS(
        AUTOSCAN_ASIDE_SECONDS) " WHERE (project_id, instance_id, kind) IN (SELECT project_id, "
                                "instance_id, kind FROM autoscan "
                                "    WHERE project_id = $1::uuid AND instance_id = $2::uuid AND "
                                "kind = $3::text "
                                "    AND next_at IS NOT NULL AND " LOOK_AT
                                " <= now() FOR UPDATE SKIP LOCKED) RETURNING 1",
    3, PG_WRITES};

#define OF_OLD "decided_at < now() - interval '" QUOTE(AUTOSCAN_ROUND_DAYS) " days'"

/* The inner limit is for the planner here as well. */
const struct pg_statement autoscan_round_forget = {
    "autoscan_round_forget",
    "DELETE FROM autoscan_round WHERE (project_id, instance_id, kind, slot) IN ("
    "    SELECT * FROM (SELECT project_id, instance_id, kind, slot FROM autoscan_round "
    "        WHERE " OF_OLD " ORDER BY decided_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o "
    "    LIMIT $1::bigint) RETURNING 1",
    1, PG_WRITES};

#define NAMED(table)                                                                               \
    "FROM " table " JOIN project p ON p.id = a.project_id "                                        \
    "JOIN instance i ON i.project_id = a.project_id AND i.id = a.instance_id "
#define CHOSEN                                                                                     \
    "WHERE ($1::uuid IS NULL OR a.project_id = $1::uuid) "                                         \
    "AND ($2::uuid IS NULL OR a.instance_id = $2::uuid) "

const struct pg_statement autoscan_survey = {
    "autoscan_survey",
    "SELECT a.project_id, p.name, a.instance_id, i.name, a.kind, a.enabled, a.next_at, "
    "a.deferred_until, r.slot, r.outcome, r.reason, r.missed, r.task_id " NAMED(
        "autoscan a") "LEFT JOIN LATERAL (SELECT * FROM autoscan_round r WHERE r.project_id = "
                      "a.project_id "
                      "    AND r.instance_id = a.instance_id AND r.kind = a.kind ORDER BY slot "
                      "DESC LIMIT 1) r "
                      "ON true " CHOSEN "ORDER BY p.name, i.name, a.kind",
    2, PG_WRITES};

const struct pg_statement autoscan_round_survey = {
    "autoscan_round_survey",
    "SELECT a.project_id, p.name, a.instance_id, i.name, a.kind, a.slot, a.outcome, a.reason, "
    "a.missed, a.task_id, a.decided_at " NAMED("autoscan_round a") CHOSEN
    "ORDER BY a.decided_at DESC, a.slot DESC LIMIT $3::bigint",
    3, PG_WRITES};
