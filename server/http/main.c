/* dcs-server: reads its settings, refuses to start on a bad one, runs the event loops until a
 * signal. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "api/operation.h"
#include "base/cleansing.h"
#include "base/clock.h"
#include "base/listener.h"
#include "base/log.h"
#include "base/process.h"
#include "base/scope.h"
#include "client_count.h"
#include "descriptors.h"
#include "document_files.h"
#include "exchange.h"
#include "framing.h"
#include "h2o_answer.h"
#include "identity_settings.h"
#include "loop.h"
#include "model/access_key_store.h"
#include "model/audit_store.h"
#include "model/migration.h"
#include "model/scan_task_store.h"
#include "ops/exporter.h"
#include "ops/notify.h"
#include "ops/operations.h"
#include "request.h"
#include "request_limits.h"
#include "stream_count.h"
#include "tls_files.h"

enum { LOOPS_MAX = 256, START_TIMEOUT_MS = 10000, LOOK_MS = 1000 };

static void print_usage(void)
{
    puts("Usage: dcs-server [--config FILE] [--SETTING=VALUE ...]\n"
         "       dcs-server --check-config | --print-config [...]\n"
         "       dcs-server --operations | --help | --version\n\n"
         "Serves the cache-analysis API over HTTPS.  SIGTERM and SIGINT finish what is in "
         "flight,\nSIGHUP loads certificate and key again, the file of key-encryption keys, and "
         "what may "
         "change\nof the settings.\n");
    config_print_help();
}

static int print_operations(void)
{
    for (size_t i = 0; i < operation_count; i++)
        printf("%s %s %s\n", http_method_name(operations[i].method), operations[i].path,
               operations[i].action);
    return EXIT_SUCCESS;
}

static void add_statement(struct server *server, const struct pg_statement *statement)
{
    for (int i = 0; i < server->statement_count; i++) {
        if (server->statements[i] == statement)
            return;
    }
    if (server->statement_count == SERVER_STATEMENTS_MAX)
        abort();
    server->statements[server->statement_count++] = statement;
}

static int check_database(const struct server *server, struct error *err)
{
    struct pg_session *session = pg_session_new(&server->database, "dcs-server", START_TIMEOUT_MS);
    int status = pg_session_connect(session, err);
    if (status == 0)
        status = migrations_check(session, NULL, err);
    pg_session_free(session);
    return status < 0 ? error_prefix(err, "database_url") : 0;
}

/* Bounds that h2o has are set above our own, which apply first (request.c, connection.c). */
static void init_http(struct server *server)
{
    const struct config *config = server->config;
    h2o_config_init(&server->h2o);
    server->h2o.server_name = (h2o_iovec_t){0};
    server->h2o.max_request_entity_size = FRAMING_BODY_MAX + 1;
    server->h2o.http1.upgrade_to_http2 = 0;
    server->h2o.http1.req_timeout =
        (uint64_t)(config->idle_timeout_ms + 2 * config->request_timeout_ms);
    h2o_hostconf_t *host =
        h2o_config_register_host(&server->h2o, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    exchange_register(host);
    h2o_answer_register(host);
    request_init();
    add_statement(server, &access_key_find);
    add_statement(server, &audit_insert);
    add_statement(server, &scan_task_watch);
    for (size_t i = 0; i < operation_count; i++) {
        if (operations[i].statement)
            add_statement(server, operations[i].statement);
        if (operation_where_none(&operations[i]))
            add_statement(server, operation_where_none(&operations[i]));
    }
}

static int count_loops(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (config->loops > 0)
        return (int)config->loops;
    return cores < 1 ? 1 : cores > LOOPS_MAX ? LOOPS_MAX : (int)cores;
}

struct listening {
    int descriptors[LOOPS_MAX];
    int port;
};

static int listen_on(const char *setting, const char *address, int count, struct listening *ret,
                     struct error *err)
{
    return listener_open(setting, address, count, ret->descriptors, &ret->port, err);
}

struct loops {
    int count;
    struct loop *loops[LOOPS_MAX];
};

static void reload_tls(struct server *server, const struct loops *loops)
{
    if (!server->tls || tls_files_reload(server->tls) < 0)
        return;
    for (int i = 0; i < loops->count; i++)
        loop_set_tls(loops->loops[i], tls_files_context(server->tls));
}

/* What main began with; the settings can be read again. */
struct launch {
    struct config *config;
    int argc;
    char **argv;
    sigset_t signals;
};

/* What main looks after while the loops run. */
struct watch {
    struct server *server;
    const struct loops *loops;
    const struct launch *launch;
    struct watchdog watchdog;
};

static void watch_passwords(struct server *server, bool asked)
{
    password_watch(server->database.password, asked);
    password_watch(server->audit_database.password, asked);
    if (server->identity)
        password_watch(server->identity->password, asked);
}

static void take_signal(struct watch *watch, int number)
{
    struct server *server = watch->server;
    bool tells = number == SIGHUP && !atomic_load(&server->draining);
    if (tells)
        notify_reloading();
    if (number == SIGHUP)
        config_reload(watch->launch->config, watch->launch->argc, watch->launch->argv, environ);
    keyring_watch(server->keyring, number == SIGHUP);
    watch_passwords(server, number == SIGHUP);
    if (number == SIGHUP || (number < 0 && server->tls && tls_files_changed(server->tls)))
        reload_tls(server, watch->loops);
    if (tells)
        notify_ready();
}

/* Until a signal to stop, which is returned, or until then: 0. */
static int attend(struct watch *watch, int64_t until_ms)
{
    struct pulse pulse = {0};
    int number = 0;
    pulse_begin(&pulse, "main", -1, LOOK_MS + watch->server->config->stuck_seconds * 1000);
    while (number != SIGTERM && number != SIGINT && clock_monotonic_ms() < until_ms) {
        watchdog_tick(&watch->watchdog);
        int64_t left_ms = until_ms - clock_monotonic_ms();
        int64_t wait_ms = watchdog_wait_ms(&watch->watchdog, left_ms < LOOK_MS ? left_ms : LOOK_MS);
        if (wait_ms < 0)
            wait_ms = 0;
        struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
        number = sigtimedwait(&watch->launch->signals, NULL, &wait);
        if (number != SIGTERM && number != SIGINT)
            take_signal(watch, number);
        pulse_beat(&pulse);
    }
    pulse_end(&pulse);
    return number == SIGTERM || number == SIGINT ? number : 0;
}

/* Who sends clients here learns that it should not, while they are still served; what is asked
 * meanwhile ends its connection.  A second signal makes it short. */
static void drain(struct watch *watch, int number)
{
    struct server *server = watch->server;
    LOG_INFO("stopping", LOG_NUMBER("signal", number));
    operations_set_draining(server->operations);
    notify_stopping();
    atomic_store(&server->draining, true);
    attend(watch, clock_monotonic_ms() + server->config->drain_delay_seconds * 1000);
}

/* A loop may take drain_seconds to end, which is longer than a watchdog may be silent. */
static void join(pthread_t thread, struct watchdog *watchdog)
{
    int64_t until_ms;
    struct timespec until;
    do {
        watchdog_tick(watchdog);
        until_ms = clock_unix_ms() + watchdog_wait_ms(watchdog, LOOK_MS);
        until = (struct timespec){.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    } while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

static void stop_loops(const struct loops *loops, struct watchdog *watchdog)
{
    for (int i = 0; i < loops->count; i++)
        loop_request_stop(loops->loops[i]);
    for (int i = 0; i < loops->count; i++)
        join(loops->loops[i]->thread, watchdog);
    for (int i = 0; i < loops->count; i++)
        loop_free(loops->loops[i]);
}

/* What is left is shared out; every loop has room for one. */
static struct loop *new_loop(struct server *server, int number, int count)
{
    int64_t share = server->config->connections_unproved_max / count;
    return loop_new(server, number, share > 0 ? share : 1);
}

static void start_loops(struct server *server, struct loops *loops, const struct listening *https,
                        const struct listening *http)
{
    for (int i = 0; i < loops->count; i++) {
        loops->loops[i] = new_loop(server, i, loops->count);
        if (server->tls)
            loop_add_listener(loops->loops[i], https->descriptors[i],
                              tls_files_context(server->tls));
        if (server->config->listen_http[0])
            loop_add_listener(loops->loops[i], http->descriptors[i], NULL);
    }
    pthread_barrier_init(&server->accepting, NULL, (unsigned)loops->count + 1);
    for (int i = 0; i < loops->count; i++)
        loop_start(loops->loops[i]);
    pthread_barrier_wait(&server->accepting);
}

/* Everything that can be wrong has been found before the first loop starts. */
static int serve(struct server *server, const struct launch *launch, struct error *err)
{
    static struct listening https, http;
    static struct loops loops;
    const struct config *config = server->config;
    struct watch watch = {.server = server, .loops = &loops, .launch = launch};
    bool with_https = config->listen_https[0], with_http = config->listen_http[0];
    loops.count = server->loop_count = count_loops(config);
    if (descriptors_plan(config, loops.count, &server->connections_max, err) < 0 ||
        (with_https &&
         listen_on("listen_https", config->listen_https, loops.count, &https, err) < 0) ||
        (with_http && listen_on("listen_http", config->listen_http, loops.count, &http, err) < 0))
        return -1;
    server->clients = client_count_new(server->connections_max);
    server->streams = stream_count_new(config);
    start_loops(server, &loops, &https, &http);
    if (with_https)
        LOG_INFO("listening", LOG_TEXT("scheme", "https"), LOG_NUMBER("port", https.port));
    if (with_http)
        LOG_INFO("listening", LOG_TEXT("scheme", "http"), LOG_NUMBER("port", http.port));

    operations_set_started(server->operations);
    notify_ready();
    watchdog_init(&watch.watchdog);
    drain(&watch, attend(&watch, INT64_MAX));
    stop_loops(&loops, &watch.watchdog);
    pthread_barrier_destroy(&server->accepting);
    LOG_INFO("stopped");
    return 0;
}

/* A request that comes to a loop without a connection is refused. */
static bool can_work(void *argument, char ret_why[OPERATIONS_WHY_MAX + 1])
{
    struct server *server = argument;
    int without = server->loop_count - atomic_load(&server->loops_with_database);
    snprintf(ret_why, OPERATIONS_WHY_MAX + 1, "loops: %d of %d have no database connection",
             without, server->loop_count);
    return without <= 0;
}

static bool has_port_of(const char *address, const char *other)
{
    const char *port = strrchr(address, ':'), *others = strrchr(other, ':');
    return port && others && strcmp(port, others) == 0 && strcmp(port, ":0") != 0;
}

/* What operators ask is not for those who may use the API. */
static int open_operations(struct server *server, struct error *err)
{
    const struct config *config = server->config;
    const struct operations_settings settings = {.program = "dcs-server",
                                                 .config = config,
                                                 .database = server->database,
                                                 .can_work = can_work,
                                                 .argument = server,
                                                 .metrics = server_metrics_list(),
                                                 .metric_count = SERVER_METRICS_PARTS};
    return operations_open(&settings, &server->operations, err);
}

/* Everything that can be found wrong by reading. */
static int check_settings(const struct config *config, struct error *err)
{
    if (!config->listen_https[0] && !config->listen_http[0])
        return error_set(err, ERROR_CONFIG, "listen_https, listen_http: nothing to listen on");
    if (has_port_of(config->listen_operations, config->listen_https) ||
        has_port_of(config->listen_operations, config->listen_http))
        return error_set(err, ERROR_CONFIG, "listen_operations: it is the API's port");
    if (listener_check("listen_https", config->listen_https, err) < 0 ||
        listener_check("listen_http", config->listen_http, err) < 0 ||
        listener_check("listen_operations", config->listen_operations, err) < 0)
        return -1;
    if (!config->database_url[0])
        return error_set(err, ERROR_CONFIG, "database_url: not set");
    if (pg_session_check_uri(config->database_url, err) < 0)
        return error_prefix(err, "database_url");
    if (config->audit_database_url[0] && pg_session_check_uri(config->audit_database_url, err) < 0)
        return error_prefix(err, "audit_database_url");
    return 0;
}

static int load_passwords(struct server *server, struct error *err)
{
    const struct config *config = server->config;
    server->database.uri = config->database_url;
    server->audit_database.uri = config->audit_database_url;
    if (password_load(SECRET_FILE_DATABASE_PASSWORD, config->database_password_file,
                      &server->database.password, err) < 0)
        return -1;
    return password_load(SECRET_FILE_AUDIT_DATABASE_PASSWORD, config->audit_database_password_file,
                         &server->audit_database.password, err);
}

static void release_passwords(struct server *server)
{
    password_free(server->database.password);
    password_free(server->audit_database.password);
}

static int load_files(struct server *server, struct error *err)
{
    const struct config *config = server->config;
    if (keyring_load(config->key_file, &server->keyring, err) < 0)
        return error_prefix(err, "key_file");
    if (document_files_load(config, &server->documents, err) < 0)
        return -1;
    if (network_list_parse(text_of(config->trusted_proxies), &server->trusted_proxies, err) < 0)
        return error_prefix(err, "trusted_proxies");
    if (config->listen_https[0] && tls_files_new(config, &server->tls, err) < 0)
        return -1;
    return identity_settings_load(config, &server->identity, err);
}

static void release_files(struct server *server)
{
    tls_files_free(server->tls);
    identity_settings_free(server->identity);
    document_set_free(server->documents);
    network_list_release(&server->trusted_proxies);
    keyring_free(server->keyring);
}

static int load_and_serve(struct server *server, const struct launch *launch, struct error *err)
{
    const struct config *config = server->config;
    if (load_files(server, err) < 0)
        return -1;
    keyring_log(server->keyring);
    server->api = (struct api_context){
        .keyring = server->keyring,
        .expired_batch_keys_max = config->expired_batch_keys_max,
        .project_instances_max = config->project_instances_max,
        .project_schedule_entries_max = config->project_schedule_entries_max,
        .project_webhooks_max = config->project_webhooks_max,
        .webhook_http = strcmp(config->webhook_http, "on") == 0,
    };
    if (check_database(server, err) < 0)
        return -1;
    init_http(server);
    server->limits = limits_new(config);
    int status = serve(server, launch, err);
    client_count_free(server->clients);
    stream_count_free(server->streams);
    limits_free(server->limits);
    return status;
}

static int open_exporter(struct server *server, struct error *err)
{
    char instance[PROCESS_NAME_MAX + 1];
    process_name(instance);
    return exporter_open(server->config, "dcs-server", instance, &server->exporter, err);
}

static int start(struct server *server, const struct launch *launch, struct error *err)
{
    enum log_level level;
    if (log_level_parse(server->config->log_level, &level) == 0)
        log_set_threshold(level);
    if (check_settings(server->config, err) < 0)
        return -1;
    int status = load_passwords(server, err);
    if (status == 0)
        status = open_operations(server, err);
    if (status == 0)
        status = open_exporter(server, err);
    if (status == 0)
        status = load_and_serve(server, launch, err);
    exporter_close(server->exporter);
    release_files(server);
    operations_close(server->operations);
    release_passwords(server);
    return status;
}

/* Reads all that a start would read, and neither listens nor asks anybody. */
static int check(struct server *server, struct error *err)
{
    int status = check_settings(server->config, err);
    if (status == 0)
        status = load_passwords(server, err);
    if (status == 0)
        status = load_files(server, err);
    if (status == 0)
        status = exporter_check(server->config, err);
    release_files(server);
    release_passwords(server);
    if (status == 0)
        puts("dcs-server: the settings are good");
    return status;
}

/* Before any thread is made, so that the signals reach sigwait alone. */
static void block_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    sigaddset(ret_signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(enum config_mode mode, struct server *server, const struct launch *launch,
               struct error *err)
{
    struct config *config = launch->config;
    int argc = launch->argc;
    if (config_load(config, &argc, launch->argv, environ, false, err) < 0 ||
        process_set_core_dumps(config->core_dumps, err) < 0)
        return -1;
    server->config = config;
    if (mode == CONFIG_MODE_CHECK)
        return check(server, err);
    if (mode == CONFIG_MODE_RUN)
        return start(server, launch, err);
    config_print(config);
    return 0;
}

int main(int argc, char **argv)
{
    static struct server server;
    static struct config config;
    struct launch launch = {.config = &config, .argv = argv};
    struct error err = {0};
    cleansing_begin();
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("dcs-server " DCS_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--operations") == 0)
        return print_operations();

    block_signals(&launch.signals);
    /* What it sends has passwords and tokens. */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, cleansing_free, cleansing_reallocate,
                             strdup, calloc) != CURLE_OK)
        abort();
    enum config_mode mode = config_take_mode(&argc, argv);
    launch.argc = argc;
    if (run(mode, &server, &launch, &err) == 0)
        return EXIT_SUCCESS;
    if (mode == CONFIG_MODE_RUN)
        LOG_ERROR("start_failed", LOG_ERROR_FIELDS(&err));
    else
        fprintf(stderr, "dcs-server: %s\n", err.text);
    return EXIT_FAILURE;
}
