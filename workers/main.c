/* dcs-worker: a pool of scan threads, a keeper of leases, a prober of instances, a maker of
 * automatic tasks, a sender of webhooks, a thread that listens for work and sweeps, and a main
 * thread that waits for the signal to stop and for nothing else: whatever hangs, the process ends
 * in time.  What it did not give back, its leases do. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleansing.h"
#include "base/clock.h"
#include "base/listener.h"
#include "base/log.h"
#include "base/process.h"
#include "janitor.h"
#include "model/migration.h"
#include "model/scan_task_store.h"
#include "ops/exporter.h"
#include "ops/notify.h"
#include "ops/operations.h"
#include "prober.h"
#include "runner.h"
#include "schedule.h"
#include "webhook.h"
#include "worker_metrics.h"

enum {
    RUNNERS_MAX = 256,
    STATEMENT_TIMEOUT_MS = 10000,
    OWNER_MAX = 128,
    /* The upkeep's longest wait: two statements, or a resolver that does not answer. */
    UPKEEP_MOST_MS = 60000,
};

static void print_usage(void)
{
    puts("Usage: dcs-worker [--config FILE] [--SETTING=VALUE ...]\n"
         "       dcs-worker --check-config | --print-config [...]\n"
         "       dcs-worker --help | --version\n\n"
         "Runs scan tasks and probes instances.  SIGTERM and SIGINT give running tasks back and "
         "end it, SIGHUP reads the key file again, and what may\nchange of the settings.\n");
    config_print_help();
}

static void name_owner(const struct config *config, char ret_owner[OWNER_MAX])
{
    if (config->worker_name[0])
        snprintf(ret_owner, OWNER_MAX, "%.*s", OWNER_MAX - 1, config->worker_name);
    else
        process_name(ret_owner);
}

static void on_notify(void *argument, const char *channel, const char *payload)
{
    struct worker *worker = argument;
    (void)channel;
    if (payload[0])
        lease_cancel(worker->keeper, payload);
    else
        queue_ring(&worker->queue);
}

static int listen_for_tasks(struct pg_session *session, struct error *err)
{
    if (pg_session_connect(session, err) < 0)
        return -1;
    return pg_session_script(session, "LISTEN " SCAN_TASK_CHANNEL, err);
}

/* The database's names may come to mean other addresses, which must not be dialled either. */
static void look_again(const struct worker *worker, int64_t *due_ms)
{
    const int64_t now = clock_monotonic_ms();
    if (now < *due_ms)
        return;
    *due_ms = now + INSTANCE_OUTBOUND_REFRESH_MS;
    bool found = instance_outbound_refresh(worker->access.outbound, worker->config);
    found = instance_outbound_refresh(worker->webhooks, worker->config) && found;
    if (!found)
        LOG_WARNING("database_unresolved",
                    LOG_TEXT("reason", "database_url: a name does not resolve; its addresses are "
                                       "taken to be those that it had"));
}

/* Until the signal.  A lost database is waited for; notifications missed meanwhile are made up for
 * by looking. */
static void attend(struct worker *worker, struct pg_session *session, int signals)
{
    const int interval_ms = (int)worker->config->poll_seconds * 1000;
    struct pulse pulse = {0};
    struct janitor janitor = {.config = worker->config, .pulse = &pulse, .session = session};
    int64_t look_again_ms = clock_monotonic_ms() + INSTANCE_OUTBOUND_REFRESH_MS;
    bool listening = false;
    pulse_begin(&pulse, "upkeep", -1,
                worker->config->stuck_seconds * 1000 + interval_ms + UPKEEP_MOST_MS);
    while (!queue_is_stopping(&worker->queue)) {
        struct error err = {0};
        pulse_beat(&pulse);
        int status = listening ? 0 : listen_for_tasks(session, &err);
        if (status == 0 && !listening)
            queue_ring(&worker->queue);
        listening = status == 0;
        if (status == 0)
            status = pg_session_wait(session, interval_ms, signals, on_notify, worker, &err);
        if (status == 0)
            queue_ring(&worker->queue);
        if (status >= 0)
            status = janitor_sweep(&janitor, &err);
        look_again(worker, &look_again_ms);
        if (status < 0) {
            listening = false;
            metric_count(&metric_failures, UNIT_UPKEEP, 0);
            LOG_WARNING("upkeep_failed", LOG_ERROR_FIELDS(&err));
            queue_wait(&worker->queue, 1000);
        }
    }
    pulse_end(&pulse);
}

static int check_database(struct pg_session *session, struct error *err)
{
    if (pg_session_connect(session, err) < 0 || migrations_check(session, NULL, err) < 0)
        return error_prefix(err, "database_url");
    return 0;
}

static void work(struct worker *worker, struct pg_session *session, int signals)
{
    static struct runner runners[RUNNERS_MAX];
    int count = (int)worker->config->scan_threads;
    worker->keeper = lease_keeper_new(worker->config, &worker->database, worker->owner);
    struct prober *prober = prober_new(&worker->access, &worker->database);
    struct scheduler *scheduler = scheduler_new(worker->config, &worker->database);
    struct webhook_sender *sender = webhook_sender_new(worker->config, &worker->database,
                                                       worker->access.keyring, worker->webhooks);
    for (int i = 0; i < count; i++)
        runner_start(&runners[i], worker, i);
    LOG_INFO("working", LOG_TEXT("worker", worker->owner), LOG_NUMBER("threads", count));
    operations_set_started(worker->operations);
    notify_ready();
    attend(worker, session, signals);
    prober_free(prober);
    scheduler_free(scheduler);
    webhook_sender_free(sender);
    for (int i = 0; i < count; i++)
        runner_join(&runners[i]);
    lease_keeper_free(worker->keeper);
    LOG_INFO("stopped");
}

static int check_settings(const struct config *config, struct error *err)
{
    if (config->heartbeat_seconds * LEASE_HEARTBEATS_LEAST > config->lease_seconds)
        return error_set(err, ERROR_CONFIG,
                         "heartbeat_seconds: must be at most a third of lease_seconds, which is "
                         "%lld",
                         (long long)config->lease_seconds);
    if (!config->database_url[0])
        return error_set(err, ERROR_CONFIG, "database_url: not set");
    if (pg_session_check_uri(config->database_url, err) < 0)
        return error_prefix(err, "database_url");
    if (webhook_check_settings(config, err) < 0)
        return -1;
    return listener_check("listen_operations", config->listen_operations, err);
}

/* What the thread that does it all has to do, and what came of it. */
struct service {
    struct worker worker;
    struct keyring *keyring; /* the worker's, which main refreshes */
    int signals;             /* readable from the signal to stop on */
    int hangups;             /* readable when SIGHUP came */
    int ended;               /* an eventfd, readable once it is over */
    int status;
    struct error err;
    struct config *config; /* read again by main */
    int argc;
    char **argv;
};

static int start(struct service *service, struct error *err)
{
    struct worker *worker = &service->worker;
    const struct config *config = worker->config;
    const struct outbound_settings webhooks = webhook_outbound_settings(config);
    struct outbound *outbound = NULL;
    char owner[OWNER_MAX];
    if (instance_outbound_new(config, &outbound, err) < 0)
        return -1;
    if (outbound_new_for(config, &webhooks, &worker->webhooks, err) < 0) {
        outbound_free(outbound);
        return -1;
    }
    name_owner(config, owner);
    worker->access = (struct instance_access){config, service->keyring, outbound};
    worker->owner = owner;
    struct pg_session *session =
        pg_session_new(&worker->database, "dcs-worker upkeep", STATEMENT_TIMEOUT_MS);
    int status = check_database(session, err);
    if (status == 0)
        work(worker, session, service->signals);
    pg_session_free(session);
    outbound_free(outbound);
    outbound_free(worker->webhooks);
    return status;
}

static void *serve(void *argument)
{
    struct service *service = argument;
    service->status = start(service, &service->err);
    eventfd_write(service->ended, 1);
    return NULL;
}

static bool has_ended(const struct service *service, int64_t timeout_ms)
{
    struct pollfd wait = {.fd = service->ended, .events = POLLIN};
    return poll(&wait, 1, (int)timeout_ms) == 1;
}

/* stop_seconds may be longer than a watchdog may be silent. */
static bool await_end(const struct service *service, struct watchdog *watchdog)
{
    const int64_t until_ms = clock_monotonic_ms() + service->worker.config->stop_seconds * 1000;
    int64_t left_ms;
    do {
        watchdog_tick(watchdog);
        left_ms = until_ms - clock_monotonic_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
    } while (!has_ended(service, watchdog_wait_ms(watchdog, left_ms)) && left_ms > 0);
    return has_ended(service, 0);
}

static bool take_hangup(int hangups)
{
    struct signalfd_siginfo signal;
    return read(hangups, &signal, sizeof(signal)) == (ssize_t)sizeof(signal);
}

static void look_at_secrets(const struct service *service, bool asked_for)
{
    if (asked_for) {
        notify_reloading();
        config_reload(service->config, service->argc, service->argv, environ);
    }
    keyring_watch(service->keyring, asked_for);
    password_watch(service->worker.database.password, asked_for);
    if (asked_for)
        notify_ready();
}

/* Until the signal to stop, or the end.  Looks at the files of secrets meanwhile, and at once where
 * SIGHUP asks for that. */
static void attend_to_secrets(struct service *service, struct watchdog *watchdog)
{
    struct pollfd waits[] = {{.fd = service->signals, .events = POLLIN},
                             {.fd = service->ended, .events = POLLIN},
                             {.fd = service->hangups, .events = POLLIN}};
    struct pulse pulse = {0};
    pulse_begin(&pulse, "main", -1,
                service->worker.config->stuck_seconds * 1000 + KEYRING_WATCH_MS);
    for (;;) {
        watchdog_tick(watchdog);
        int ready = poll(waits, 3, (int)watchdog_wait_ms(watchdog, KEYRING_WATCH_MS));
        if (ready > 0 && (waits[0].revents || waits[1].revents))
            break;
        if (ready >= 0)
            look_at_secrets(service, ready > 0 && take_hangup(service->hangups));
        pulse_beat(&pulse);
    }
    pulse_end(&pulse);
}

/* Returns whether the service ended, by itself or within its time after the signal. */
static bool supervise(struct service *service)
{
    struct watchdog watchdog;
    watchdog_init(&watchdog);
    attend_to_secrets(service, &watchdog);
    if (has_ended(service, 0))
        return true;
    LOG_INFO("stopping");
    operations_set_draining(service->worker.operations);
    notify_stopping();
    queue_stop(&service->worker.queue);
    return await_end(service, &watchdog);
}

static int open_signals(int first, int second, struct error *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, first);
    sigaddset(&signals, second);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0)
        return error_set(err, ERROR_INTERNAL, "signalfd: %s", strerror(errno));
    return descriptor;
}

static int load_secrets(struct service *service, struct error *err)
{
    const struct config *config = service->config;
    struct pg_login *database = &service->worker.database;
    if (keyring_load(config->key_file, &service->keyring, err) < 0)
        return error_prefix(err, "key_file");
    database->uri = config->database_url;
    return password_load(SECRET_FILE_DATABASE_PASSWORD, config->database_password_file,
                         &database->password, err);
}

static void release_secrets(struct service *service)
{
    keyring_free(service->keyring);
    password_free(service->worker.database.password);
}

static int read_settings(struct service *service, struct error *err)
{
    int argc = service->argc;
    if (config_load(service->config, &argc, service->argv, environ, false, err) < 0)
        return -1;
    return process_set_core_dumps(service->config->core_dumps, err);
}

/* Reads all that a start would read, and neither listens nor asks anybody. */
static int check(struct service *service, struct error *err)
{
    int status = check_settings(service->config, err);
    if (status == 0)
        status = load_secrets(service, err);
    if (status == 0)
        status = instance_outbound_check(service->config, err);
    if (status == 0)
        status = exporter_check(service->config, err);
    release_secrets(service);
    if (status == 0)
        puts("dcs-worker: the settings are good");
    return status;
}

static int check_or_print(enum config_mode mode, struct service *service)
{
    struct error err = {0};
    int status = read_settings(service, &err);
    if (status == 0 && mode == CONFIG_MODE_PRINT)
        config_print(service->config);
    else if (status == 0)
        status = check(service, &err);
    if (status < 0)
        fprintf(stderr, "dcs-worker: %s\n", err.text);
    return status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Everything that is read before the first thread starts. */
static int prepare(struct service *service, struct error *err)
{
    enum log_level level;
    service->signals = open_signals(SIGTERM, SIGINT, err);
    service->hangups = open_signals(SIGHUP, SIGHUP, err);
    service->ended = eventfd(0, EFD_CLOEXEC);
    queue_init(&service->worker.queue);
    if (service->signals < 0 || service->hangups < 0 || read_settings(service, err) < 0)
        return -1;
    if (log_level_parse(service->config->log_level, &level) == 0)
        log_set_threshold(level);
    if (check_settings(service->config, err) < 0 || load_secrets(service, err) < 0)
        return -1;
    keyring_log(service->keyring);
    return 0;
}

static void fail(const struct error *err)
{
    LOG_ERROR("start_failed", LOG_ERROR_FIELDS(err));
}

static int open_operations(struct worker *worker, struct error *err)
{
    const struct operations_settings settings = {.program = "dcs-worker",
                                                 .config = worker->config,
                                                 .database = worker->database,
                                                 .survey = worker_metrics_survey,
                                                 .metrics = worker_metrics_list(),
                                                 .metric_count = WORKER_METRICS_PARTS};
    int status = operations_open(&settings, &worker->operations, err);
    metric_set(&metric_scan_threads, 0, 0, worker->config->scan_threads);
    return status;
}

static int open_exporter(struct worker *worker, struct error *err)
{
    char instance[OWNER_MAX];
    name_owner(worker->config, instance);
    return exporter_open(worker->config, "dcs-worker", instance, &worker->exporter, err);
}

int main(int argc, char **argv)
{
    static struct config config;
    static struct service service = {.worker = {.config = &config}, .config = &config};
    pthread_t thread;
    cleansing_begin();
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("dcs-worker " DCS_VERSION);
        return EXIT_SUCCESS;
    }
    enum config_mode mode = config_take_mode(&argc, argv);
    service.argc = argc;
    service.argv = argv;
    if (mode != CONFIG_MODE_RUN)
        return check_or_print(mode, &service);
    if (prepare(&service, &service.err) < 0 || open_operations(&service.worker, &service.err) < 0 ||
        open_exporter(&service.worker, &service.err) < 0) {
        fail(&service.err);
        return EXIT_FAILURE;
    }
    if (service.ended < 0 || pthread_create(&thread, NULL, serve, &service) != 0)
        abort();
    if (!supervise(&service)) {
        LOG_ERROR("stop_forced", LOG_NUMBER("seconds", config.stop_seconds));
        _exit(EXIT_FAILURE);
    }
    pthread_join(thread, NULL);
    exporter_close(service.worker.exporter);
    operations_close(service.worker.operations);
    queue_release(&service.worker.queue);
    release_secrets(&service);
    if (service.status < 0)
        fail(&service.err);
    return service.status < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
