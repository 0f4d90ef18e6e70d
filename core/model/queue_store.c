/* One statement, so that whoever asks often asks little. */
#include "model/queue_store.h"

#define COUNT_OF(status)                                                                           \
    "(SELECT count(*) FROM (SELECT FROM scan_task WHERE status = '" status "' "                    \
    "    AND claimable_at IS NOT NULL LIMIT $1::bigint) counted)"
#define SINCE(moment) "(extract(epoch FROM now() - " moment ") * 1000)::bigint"
#define OLDEST_OF(status)                                                                          \
    "coalesce((SELECT " SINCE(                                                                     \
        "claimable_at") " FROM scan_task WHERE status = '" status "' "                             \
                        "    AND claimable_at <= now() ORDER BY claimable_at LIMIT 1), 0)"
#define DUE "coalesce(deferred_until, next_at)"

const struct pg_statement queue_survey = {
    "queue_survey",
    "SELECT " COUNT_OF("waiting") ", " COUNT_OF("running") ", " OLDEST_OF("waiting") ", " OLDEST_OF(
        "running") ", "
                   "coalesce((SELECT " SINCE(
                       DUE) " FROM autoscan WHERE next_at IS NOT NULL AND " DUE " <= now() "
                            "    ORDER BY " DUE " LIMIT 1), 0), "
                            "(SELECT count(*) FROM (SELECT FROM webhook_delivery "
                            "    WHERE next_attempt_at IS NOT NULL LIMIT $1::bigint) counted), "
                            "coalesce((SELECT " SINCE(
                                "next_attempt_at") " FROM webhook_delivery "
                                                   "    WHERE next_attempt_at <= now() ORDER BY "
                                                   "next_attempt_at LIMIT 1), 0)",
    1, PG_READS};
