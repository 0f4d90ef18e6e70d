/* What the connection string says counts; what it leaves open is said here. */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/scope.h"
#include "base/secret.h"
#include "base/text.h"

enum {
    HOSTS_MAX = 32,
    PARAMETERS_MAX = 64,
    SERVER_OPTIONS_MAX = 1024,
    CONNECT_TIMEOUT_MS = 2000,
    CONNECT_TIMEOUT_MOST_MS = 10000,
    IDLE_IN_TRANSACTION_MS = 15000,
};

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++) {
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    }
    return NULL;
}

/* From the string, or else from libpq's environment. */
static const char *setting_of(const struct pg_target *target, const char *keyword)
{
    const char *own = value_of(target->options, keyword);
    return own ? own : value_of(target->defaults, keyword);
}

static int count_parts(const char *list)
{
    int count = list && *list ? 1 : 0;
    for (; list && *list; list++)
        count += *list == ',';
    return count;
}

/* A copy of one part of a comma-separated list. */
static char *part_of(const char *list, int index)
{
    while (index-- > 0)
        list = strchr(list, ',') + 1;
    return text_copy(list, strcspn(list, ","));
}

static char *filled_part_of(const char *list, int index)
{
    char *part = part_of(list, index);
    if (*part)
        return part;
    free(part);
    return NULL;
}

struct host_lists {
    const char *names, *addresses, *ports;
    int name_count, address_count, port_count;
};

static void read_host(const struct host_lists *lists, int index, struct pg_host *ret_host)
{
    int port = lists->port_count > 1 ? index : 0;
    ret_host->name = lists->name_count > 0 ? part_of(lists->names, index) : text_copy("", 0);
    ret_host->address = lists->address_count > 0 ? filled_part_of(lists->addresses, index) : NULL;
    ret_host->port = lists->port_count > 0 ? filled_part_of(lists->ports, port) : NULL;
}

static int read_hosts(struct pg_target *target, struct error *err)
{
    struct host_lists lists = {.names = setting_of(target, "host"),
                               .addresses = setting_of(target, "hostaddr"),
                               .ports = setting_of(target, "port")};
    lists.name_count = count_parts(lists.names);
    lists.address_count = count_parts(lists.addresses);
    lists.port_count = count_parts(lists.ports);
    int count = lists.address_count > 0 ? lists.address_count : lists.name_count;
    if (count == 0)
        count = 1;
    if (count > HOSTS_MAX)
        return error_set(err, ERROR_CONFIG, "more than %d hosts", HOSTS_MAX);
    if ((lists.name_count > 0 && lists.name_count != count) ||
        (lists.port_count > 1 && lists.port_count != count))
        return error_set(err, ERROR_CONFIG, "hosts, addresses and ports are not equally many");
    target->hosts = calloc((size_t)count, sizeof(*target->hosts));
    if (!target->hosts)
        abort();
    target->host_count = count;
    for (int i = 0; i < count; i++)
        read_host(&lists, i, &target->hosts[i]);
    return 0;
}

static int read_session(struct pg_target *target, struct error *err)
{
    static const char *const allowed[] = {"read-write", "primary", "any"};
    const char *session = setting_of(target, "target_session_attrs");
    if (!value_of(target->options, "target_session_attrs") &&
        (!session || strcmp(session, "any") == 0))
        session = "read-write";
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (strcmp(session, allowed[i]) == 0) {
            target->session = allowed[i];
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIG,
                     "target_session_attrs: read-write, primary or any: the programs write");
}

static int read_timeout(struct pg_target *target, struct error *err)
{
    const char *text = setting_of(target, "connect_timeout");
    int64_t seconds = 0;
    target->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (!text || !*text)
        return 0;
    if (text_parse_integer(text_of(text), &seconds) < 0 || seconds < 1 ||
        seconds > CONNECT_TIMEOUT_MOST_MS / 1000)
        return error_set(err, ERROR_CONFIG, "connect_timeout: 1 to %d seconds",
                         CONNECT_TIMEOUT_MOST_MS / 1000);
    target->connect_timeout_ms = (int)seconds * 1000;
    return 0;
}

/* The string's own options may change the time-outs, not what the reading of results rests on.  The
 * server's end of the connection notices a dead client as soon as ours notices a dead server.
 *
 * What was answered must outlive a crash, or a fence would be given out twice, whatever the
 * server's own synchronous_commit is.  Every statement finds its rows by an index: without being
 * told, the planner reads a table that is empty as a whole, and keeps that plan while it fills. */
static int write_server_options(struct pg_target *target, int statement_timeout_ms,
                                int lock_timeout_ms, struct error *err)
{
    const char *own = value_of(target->options, "options");
    char text[SERVER_OPTIONS_MAX];
    int length =
        snprintf(text, sizeof(text),
                 "-c statement_timeout=%d -c lock_timeout=%d "
                 "-c idle_in_transaction_session_timeout=%d -c tcp_keepalives_idle=4 "
                 "-c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
                 "-c tcp_user_timeout=10000 -c synchronous_commit=on "
                 "-c enable_seqscan=off -c jit=off %s -c TimeZone=UTC -c DateStyle=ISO "
                 "-c client_min_messages=warning",
                 statement_timeout_ms, lock_timeout_ms, IDLE_IN_TRANSACTION_MS, own ? own : "");
    if (length >= SERVER_OPTIONS_MAX)
        return error_set(err, ERROR_CONFIG, "options: too long");
    target->server_options = text_copy(text, (size_t)length);
    return 0;
}

/* libpq's words where they quote a keyword alone: the others may quote a password. */
static int refuse(const char *message, struct error *err)
{
    static const char *const harmless[] = {"invalid URI query parameter",
                                           "invalid connection option"};
    for (size_t i = 0; message && i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (strncmp(message, harmless[i], strlen(harmless[i])) == 0)
            return error_set(err, ERROR_CONFIG, "%.*s", (int)strcspn(message, "\n"), message);
    }
    return error_set(err, ERROR_CONFIG, "not a PostgreSQL connection URI");
}

int pg_target_new(const char *uri, const char *application, int statement_timeout_ms,
                  int lock_timeout_ms, struct pg_target **ret_target, struct error *err)
{
    char *message = NULL;
    struct pg_target *target = calloc(1, sizeof(*target));
    if (!target)
        abort();
    target->application = text_copy(application, strlen(application));
    target->options = PQconninfoParse(uri, &message);
    target->defaults = PQconndefaults();
    int status = 0;
    if (!target->options)
        status = refuse(message, err);
    else if (value_of(target->options, "service"))
        status = error_set(err, ERROR_CONFIG, "service: give the hosts themselves");
    PQfreemem(message);
    if (status < 0 || read_hosts(target, err) < 0 || read_session(target, err) < 0 ||
        read_timeout(target, err) < 0 ||
        write_server_options(target, statement_timeout_ms, lock_timeout_ms, err) < 0) {
        pg_target_free(target);
        return -1;
    }
    *ret_target = target;
    return 0;
}

static void free_options(PQconninfoOption *options)
{
    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        if (option->val && strstr(option->keyword, "password"))
            secret_cleanse(option->val, strlen(option->val));
    }
    PQconninfoFree(options);
}

void pg_target_free(struct pg_target *target)
{
    if (!target)
        return;
    for (int i = 0; i < target->host_count; i++) {
        free(target->hosts[i].name);
        free(target->hosts[i].address);
        free(target->hosts[i].port);
    }
    free(target->hosts);
    free_options(target->options);
    free_options(target->defaults);
    free(target->application);
    free(target->server_options);
    free(target);
}

static bool is_on(const PGconn *connection, const char *name)
{
    const char *value = PQparameterStatus(connection, name);
    return value && strcmp(value, "on") == 0;
}

bool pg_target_accepts(const struct pg_target *target, const PGconn *connection)
{
    if (strcmp(target->session, "any") == 0)
        return true;
    if (is_on(connection, "in_hot_standby"))
        return false;
    return strcmp(target->session, "primary") == 0 ||
           !is_on(connection, "default_transaction_read_only");
}

/* libpq leaves empty values out, so that what is said of one host could not take the place of a
 * list. */
static bool is_of_hosts(const char *keyword)
{
    return strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 ||
           strcmp(keyword, "port") == 0;
}

struct parameters {
    int count;
    const char *names[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
};

static void add(struct parameters *parameters, const char *name, const char *value)
{
    if (!value)
        return;
    if (parameters->count + 1 == PARAMETERS_MAX)
        abort();
    parameters->names[parameters->count] = name;
    parameters->values[parameters->count++] = value;
}

/* libpq would write what the server says unasked to standard error, between the lines of the log.
 */
static void on_notice(void *argument, const char *message)
{
    (void)argument;
    SCOPED(scope_free) char *line = text_copy(message, strcspn(message, "\n"));
    LOG_DEBUG("database_notice", LOG_TEXT("message", line));
}

PGconn *pg_target_connect(const struct pg_target *target, const struct pg_host *host,
                          const char *address, const char *password)
{
    /* The last one of a name wins.  Ten seconds without a sign of life end a connection. */
    struct parameters parameters = {0};
    add(&parameters, "keepalives_idle", "4");
    add(&parameters, "keepalives_interval", "2");
    add(&parameters, "keepalives_count", "3");
    add(&parameters, "tcp_user_timeout", "10000");
    add(&parameters, "fallback_application_name", target->application);
    for (const PQconninfoOption *option = target->options; option->keyword; option++) {
        if (!is_of_hosts(option->keyword))
            add(&parameters, option->keyword, option->val);
    }
    add(&parameters, "password", password);
    add(&parameters, "host", host->name);
    add(&parameters, "hostaddr", address);
    add(&parameters, "port", host->port);
    add(&parameters, "target_session_attrs", target->session);
    add(&parameters, "options", target->server_options);
    PGconn *connection = PQconnectStartParams(parameters.names, parameters.values, 0);
    if (!connection)
        abort();
    PQsetNoticeProcessor(connection, on_notice, NULL);
    return connection;
}
