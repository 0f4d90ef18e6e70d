/* Claim, probe, record; then wait. */
#include "prober.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pulse.h"
#include "base/scope.h"
#include "instance/probe.h"
#include "model/instance_store.h"
#include "pg/session.h"
#include "worker_metrics.h"

/* A probe's end is up to three statements. */
enum {
    BATCH = 8,
    STATEMENT_TIMEOUT_MS = 10000,
    RETRY_MS = 1000,
    RECORD_MOST_MS = 3 * (STATEMENT_TIMEOUT_MS + PG_SESSION_GRACE_MS),
};

struct prober {
    struct instance_access access;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    struct pulse pulse;
    atomic_bool stopping;
    int wake; /* an eventfd, readable once it is to stop */
};

static bool is_stopping(struct prober *prober)
{
    return atomic_load(&prober->stopping);
}

static int ask_whether_to_go_on(void *argument, struct error *err)
{
    struct prober *prober = argument;
    pulse_beat(&prober->pulse);
    return is_stopping(prober) ? error_set(err, ERROR_SCAN_CANCELLED, "the worker stops") : 0;
}

/* One line when an instance goes and one when it comes back, not one for every probe. */
static void log_outcome(const struct instance *instance, const struct error *err)
{
    static struct log_limit missing_key;
    bool down = err->code != ERROR_NONE;
    bool quiet = err->code == ERROR_SECRET_KEY && !log_limit_passes(&missing_key);
    if (quiet)
        return;
    if (down && !instance->probe_error)
        LOG_WARNING("probe_failed", LOG_TEXT("instance", instance->id),
                    LOG_TEXT("project", instance->project_id), LOG_ERROR_FIELDS(err));
    else if (!down && (instance->probe_error || !instance->probed_at[0]))
        LOG_INFO("probe_succeeded", LOG_TEXT("instance", instance->id),
                 LOG_TEXT("project", instance->project_id));
}

/* Makes an instance due again that this worker took and did not get to. */
static int give_back(struct prober *prober, const struct pg_rows *rows, int row)
{
    struct pg_parameters parameters;
    struct instance instance;
    struct error err = {0};
    instance_read(rows, row, 0, &instance);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, instance.project_id);
    pg_parameters_add_reference(&parameters, instance.id);
    int status =
        pg_session_execute(prober->session, &instance_probe_request, &parameters, NULL, &err);
    if (status < 0)
        LOG_WARNING("probe_not_given_back", LOG_TEXT("instance", instance.id),
                    LOG_ERROR_FIELDS(&err));
    return status;
}

/* Returns false where it was interrupted. */
static bool probe(struct prober *prober, const struct pg_rows *rows, int row)
{
    struct redis_interrupt interrupt = {ask_whether_to_go_on, prober};
    struct instance instance;
    struct error err = {0};
    instance_read(rows, row, 0, &instance);
    instance_probe(prober->session, &prober->access, rows, row, interrupt, &err);
    if (err.code == ERROR_SCAN_CANCELLED)
        return false;
    metric_count(&metric_probes, err.code == ERROR_NONE ? PROBE_SUCCEEDED : PROBE_FAILED, 0);
    log_outcome(&instance, &err);
    return true;
}

/* Probes what is due; returns whether there may be more, or -1 where the database does not answer.
 */
static int probe_batch(struct prober *prober, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, prober->access.config->probe_seconds);
    pg_parameters_add_integer(&parameters, BATCH);
    if (pg_session_execute(prober->session, &instance_probe_claim, &parameters, &rows, err) < 0)
        return -1;
    int row = 0;
    while (row < rows.row_count && !is_stopping(prober) && probe(prober, &rows, row))
        row++;
    while (row < rows.row_count && give_back(prober, &rows, row) == 0)
        row++;
    return rows.row_count == BATCH;
}

static int listen_for_instances(struct prober *prober, struct error *err)
{
    if (pg_session_connect(prober->session, err) < 0)
        return -1;
    return pg_session_script(prober->session, "LISTEN " INSTANCE_PROBE_CHANNEL, err);
}

/* A session that was lost listens to nothing when it is back, which only listening again mends: it
 * costs next to nothing and is done before every wait. */
static int wait_for_work(struct prober *prober, struct error *err)
{
    if (listen_for_instances(prober, err) < 0)
        return -1;
    return pg_session_wait(prober->session, (int)prober->access.config->poll_seconds * 1000,
                           prober->wake, NULL, NULL, err);
}

static void *run(void *argument)
{
    struct prober *prober = argument;
    const struct config *config = prober->access.config;
    pulse_begin(&prober->pulse, "prober", -1,
                (config->stuck_seconds + config->poll_seconds) * 1000 + RECORD_MOST_MS);
    while (!is_stopping(prober)) {
        struct error err = {0};
        pulse_beat(&prober->pulse);
        int more = probe_batch(prober, &err);
        if (more == 0)
            more = wait_for_work(prober, &err);
        if (more < 0) {
            struct pollfd wake = {.fd = prober->wake, .events = POLLIN};
            metric_count(&metric_failures, UNIT_PROBER, 0);
            LOG_WARNING("prober_waits", LOG_ERROR_FIELDS(&err));
            poll(&wake, 1, RETRY_MS);
        }
    }
    pulse_end(&prober->pulse);
    return NULL;
}

struct prober *prober_new(const struct instance_access *access, const struct pg_login *database)
{
    struct prober *prober = calloc(1, sizeof(*prober));
    if (!prober)
        abort();
    prober->access = *access;
    prober->session = pg_session_new(database, "dcs-worker prober", STATEMENT_TIMEOUT_MS);
    prober->wake = eventfd(0, EFD_CLOEXEC);
    if (prober->wake < 0 || pthread_create(&prober->thread, NULL, run, prober) != 0)
        abort();
    return prober;
}

void prober_free(struct prober *prober)
{
    atomic_store(&prober->stopping, true);
    eventfd_write(prober->wake, 1);
    pthread_join(prober->thread, NULL);
    close(prober->wake);
    pg_session_free(prober->session);
    free(prober);
}
