/* dcs-worker: a pool of scan threads, a keeper of leases, a prober of instances, and a main thread
 * that listens for work, sweeps, and waits for the signal to stop. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "janitor.h"
#include "model/migration.h"
#include "model/scan_task_store.h"
#include "prober.h"
#include "runner.h"
#include "scan/profile.h"

enum { RUNNERS_MAX = 256, STATEMENT_TIMEOUT_MS = 10000, OWNER_MAX = 128 };

static void print_usage(void)
{
    puts("Usage: dcs-worker [--config FILE] [--SETTING=VALUE ...]\n"
         "       dcs-worker --help | --version\n\n"
         "Runs scan tasks and probes instances.  SIGTERM and SIGINT give running tasks back and "
         "end it.\n");
    config_print_help();
}

static void name_owner(const struct config *config, char ret_owner[OWNER_MAX])
{
    char host[64] = "";
    if (config->worker_name[0]) {
        snprintf(ret_owner, OWNER_MAX, "%.*s", OWNER_MAX - 1, config->worker_name);
        return;
    }
    gethostname(host, sizeof(host) - 1);
    snprintf(ret_owner, OWNER_MAX, "%s:%ld", host, (long)getpid());
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

static bool stop_is_requested(int signals)
{
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof(info)) == sizeof(info);
}

static int listen_for_tasks(struct pg_session *session, struct error *err)
{
    if (pg_session_connect(session, err) < 0)
        return -1;
    return pg_session_script(session, "LISTEN " SCAN_TASK_CHANNEL, err);
}

/* Until the signal.  A lost database is waited for; notifications missed meanwhile are made up for
 * by looking. */
static void attend(struct worker *worker, struct pg_session *session, int signals)
{
    const int interval_ms = (int)worker->config->poll_seconds * 1000;
    struct janitor janitor = {.config = worker->config, .session = session};
    bool listening = false;
    while (!stop_is_requested(signals)) {
        struct error err = {0};
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
        if (status < 0) {
            listening = false;
            LOG_WARNING("upkeep_failed", LOG_ERROR_FIELDS(&err));
            queue_wait(&worker->queue, 1000);
        }
    }
}

static int check_database(struct pg_session *session, struct error *err)
{
    if (pg_session_connect(session, err) < 0 || migrations_check(session, err) < 0)
        return error_prefix(err, "database_url");
    return 0;
}

static void work(struct worker *worker, struct pg_session *session, int signals)
{
    static struct runner runners[RUNNERS_MAX];
    int count = (int)worker->config->scan_threads;
    queue_init(&worker->queue);
    worker->keeper = lease_keeper_new(worker->config, worker->owner);
    struct prober *prober = prober_new(worker->config, worker->keyring);
    for (int i = 0; i < count; i++)
        runner_start(&runners[i], worker);
    LOG_INFO("working", LOG_TEXT("worker", worker->owner), LOG_NUMBER("threads", count));
    attend(worker, session, signals);
    LOG_INFO("stopping");
    queue_stop(&worker->queue);
    prober_free(prober);
    for (int i = 0; i < count; i++)
        runner_join(&runners[i]);
    lease_keeper_free(worker->keeper);
    queue_release(&worker->queue);
    LOG_INFO("stopped");
}

static int start(const struct config *config, int signals, struct error *err)
{
    struct worker worker = {.config = config};
    struct keyring *keyring = NULL;
    char owner[OWNER_MAX];
    enum log_level level;
    enum scan_profile profile;
    if (log_level_parse(config->log_level, &level) < 0)
        return error_set(err, ERROR_CONFIG, "log_level: '%s' is none", config->log_level);
    log_set_threshold(level);
    if (scan_profile_parse(config->scan_profile, &profile) < 0)
        return error_set(err, ERROR_CONFIG, "scan_profile: '%s' is none", config->scan_profile);
    if (config->heartbeat_seconds * 2 > config->lease_seconds)
        return error_set(err, ERROR_CONFIG,
                         "heartbeat_seconds: must be at most half of lease_seconds");
    if (!config->database_url[0])
        return error_set(err, ERROR_CONFIG, "database_url: not set");
    if (keyring_load(config->key_file, &keyring, err) < 0)
        return error_prefix(err, "key_file");
    name_owner(config, owner);
    worker.keyring = keyring;
    worker.owner = owner;
    struct pg_session *session =
        pg_session_new(config->database_url, "dcs-worker upkeep", STATEMENT_TIMEOUT_MS);
    int status = check_database(session, err);
    if (status == 0)
        work(&worker, session, signals);
    pg_session_free(session);
    keyring_free(keyring);
    return status;
}

int main(int argc, char **argv)
{
    static struct config config;
    struct error err = {0};
    sigset_t signals;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("dcs-worker " DCS_VERSION);
        return EXIT_SUCCESS;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0 || config_load(&config, &argc, argv, environ, false, &err) < 0 ||
        start(&config, descriptor, &err) < 0) {
        if (descriptor < 0)
            error_set(&err, ERROR_INTERNAL, "signalfd: %s", strerror(errno));
        LOG_ERROR("start_failed", LOG_ERROR_FIELDS(&err));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
