/* Remembered requests live for a day, well past the life of a signature. */
#include "model/request_store.h"

/* The inner limit is for the planner, which takes one that it does not know for a tenth of the
 * table. */
const struct pg_statement remembered_request_forget = {
    "remembered_request_forget",
    "DELETE FROM remembered_request WHERE (project_id, token) IN ("
    "    SELECT * FROM (SELECT project_id, token FROM remembered_request "
    "        WHERE created_at < now() - interval '24 hours' "
    "        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o LIMIT $1::bigint) "
    "RETURNING 1",
    1, PG_WRITES};
