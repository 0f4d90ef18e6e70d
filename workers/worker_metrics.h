/* What a worker counts, for Prometheus; docs/metrics.md says what each is for.  Any thread. */
#ifndef WORKERS_WORKER_METRICS_H
#define WORKERS_WORKER_METRICS_H

#include "model/scan_kind.h"
#include "ops/operations.h"

/* What became of an attempt. */
enum attempt_outcome {
    ATTEMPT_SUCCEEDED,
    ATTEMPT_FAILED,
    ATTEMPT_RETRIED,    /* it failed for a reason that may pass, and is tried again later */
    ATTEMPT_GIVEN_BACK, /* the worker stops, or cannot be sure of its lease */
    ATTEMPT_STOPPED,    /* the task was deleted, or taken over */
    ATTEMPT_OUTCOME_COUNT
};

/* Whose statement failed. */
enum worker_unit {
    UNIT_CLAIM,
    UNIT_RECORD,
    UNIT_LEASE,
    UNIT_UPKEEP,
    UNIT_PROBER,
    UNIT_SCHEDULER,
    UNIT_WEBHOOK,
    UNIT_COUNT
};

enum probe_result { PROBE_SUCCEEDED, PROBE_FAILED, PROBE_RESULT_COUNT };
enum round_outcome { ROUND_STARTED, ROUND_SKIPPED, ROUND_MISSED, ROUND_OUTCOME_COUNT };

extern struct metric metric_scan_threads;
extern struct metric metric_scans_running;
extern struct metric metric_keys;            /* kind */
extern struct metric metric_attempts;        /* kind */
extern struct metric metric_attempts_ended;  /* kind, attempt_outcome */
extern struct metric metric_attempt_seconds; /* kind; ms are observed */
extern struct metric metric_rescues;
extern struct metric metric_given_up;
extern struct metric metric_leases_lost;
extern struct metric metric_fenced;
extern struct metric metric_failures;         /* worker_unit */
extern struct metric metric_probes;           /* probe_result */
extern struct metric metric_rounds;           /* round_outcome */
extern struct metric metric_webhook_attempts; /* webhook_result */
extern struct metric metric_webhooks_given_up;

/* `succeeded`, `failed`, `retried`, `given_back` or `stopped`; a constant. */
const char *attempt_outcome_name(enum attempt_outcome outcome);

/* Asks the database for the queue's and the schedules' state; for operations.h. */
int worker_metrics_survey(void *argument, struct pg_session *session, struct error *err);

/* Everything that a worker counts; its labels are filled in. */
enum { WORKER_METRICS_PARTS = 4 };
const struct operations_metrics *worker_metrics_list(void);

#endif
