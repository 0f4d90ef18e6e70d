/* What is counted of statements: a program registers the list of what it uses (base/metrics.h). */
#ifndef PG_METRICS_H
#define PG_METRICS_H

#include "base/metrics.h"
#include "pg/statement.h"

/* Of pipelines. */
enum pg_lost_reason { PG_LOST_IN_USE, PG_LOST_NO_ATTEMPT, PG_LOST_REASON_COUNT };
enum pg_refusal { PG_REFUSED_AWAY, PG_REFUSED_FULL, PG_REFUSAL_COUNT };
enum pg_result_kind { PG_RESULT_OK, PG_RESULT_FAILED, PG_RESULT_KIND_COUNT };

extern struct metric pg_metric_connections;       /* that are ready */
extern struct metric pg_metric_connections_lost;  /* pg_lost_reason */
extern struct metric pg_metric_in_flight;         /* statements */
extern struct metric pg_metric_depth;             /* that a statement finds in front of it */
extern struct metric pg_metric_statements;        /* enum pg_effect, pg_result_kind */
extern struct metric pg_metric_statement_seconds; /* enum pg_effect; from submission to the end */
extern struct metric pg_metric_refused;           /* pg_refusal */

extern struct metric *const pg_pipeline_metrics[];
extern const int pg_pipeline_metric_count;

/* A pipeline's statement is over, which was sent then. */
void pg_note_statement(const struct pg_statement *statement, bool succeeded, int64_t sent_us);

/* Of sessions. */
extern struct metric pg_metric_calls;        /* enum pg_effect, pg_result_kind */
extern struct metric pg_metric_call_seconds; /* enum pg_effect */

void pg_note_call(const struct pg_statement *statement, bool succeeded, int64_t began_us);

extern struct metric *const pg_session_metrics[];
extern const int pg_session_metric_count;

#endif
