/* Host by host, address by address: a look-up where it takes one, then libpq's own steps. */
#include "connector.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "lookup.h"

struct pg_connector {
    struct pg_target *target; /* null where the string is none, and why: */
    struct error unusable;
    struct addresses *known; /* of each host, when it last resolved */
    int host, hosts_left;
    int address; /* of the host's, being tried */
    struct addresses addresses;
    struct password *password; /* null: the string's */
    enum password_which which; /* is tried */
    struct lookup *lookup;
    PGconn *connection;
    PostgresPollingStatusType polling;
    int64_t deadline_ms;
    unsigned attempt;
    struct error err; /* of the round: what each host said */
};

struct pg_connector *pg_connector_new(const struct pg_login *login, const char *application,
                                      int statement_timeout_ms, int lock_timeout_ms)
{
    struct pg_connector *connector = calloc(1, sizeof(*connector));
    if (!connector)
        abort();
    connector->password = login->password;
    if (pg_target_new(login->uri, application, statement_timeout_ms, lock_timeout_ms,
                      &connector->target, &connector->unusable) < 0)
        return connector;
    connector->known = calloc((size_t)connector->target->host_count, sizeof(*connector->known));
    if (!connector->known)
        abort();
    return connector;
}

static void give_up_attempt(struct pg_connector *connector)
{
    lookup_leave(connector->lookup);
    connector->lookup = NULL;
    PQfinish(connector->connection);
    connector->connection = NULL;
}

void pg_connector_free(struct pg_connector *connector)
{
    if (!connector)
        return;
    give_up_attempt(connector);
    pg_target_free(connector->target);
    free(connector->known);
    free(connector);
}

static void begin_attempt(struct pg_connector *connector)
{
    connector->attempt++;
    connector->deadline_ms = clock_monotonic_ms() + connector->target->connect_timeout_ms;
}

static const struct pg_host *host_of(const struct pg_connector *connector)
{
    return &connector->target->hosts[connector->host];
}

/* Adds a host's failure to the round's. */
static void note_failure(struct pg_connector *connector, const struct error *err)
{
    struct error *round = &connector->err;
    size_t used = strlen(round->text);
    if (round->code == ERROR_NONE)
        *round = *err;
    else
        snprintf(round->text + used, sizeof(round->text) - used, "; %.*s",
                 (int)(sizeof(round->text) - used), err->text);
}

/* Null where libpq needs none. */
static const char *address_of(const struct pg_connector *connector)
{
    if (connector->addresses.count > 0)
        return connector->addresses.text[connector->address];
    return host_of(connector)->address;
}

static void connect_with(struct pg_connector *connector, enum password_which which)
{
    struct password_text password;
    bool has = password_copy(connector->password, which, &password);
    begin_attempt(connector);
    connector->which = which;
    connector->connection = pg_target_connect(connector->target, host_of(connector),
                                              address_of(connector), has ? password.text : NULL);
    connector->polling = PGRES_POLLING_WRITING;
    secret_cleanse(&password, sizeof(password));
}

static void connect_to_address(struct pg_connector *connector)
{
    connect_with(connector, PASSWORD_OF_FILE);
}

static void note_accepted(const struct pg_connector *connector)
{
    struct password_text password = {0};
    if (!connector->password || !PQconnectionUsedPassword(connector->connection))
        return;
    snprintf(password.text, sizeof(password.text), "%s", PQpass(connector->connection));
    password_note_accepted(connector->password, connector->which, &password);
    secret_cleanse(&password, sizeof(password));
}

/* Why the server ended an attempt it does not say in a form of its own: that it had asked for a
 * password is all that is known. */
static bool try_accepted(struct pg_connector *connector)
{
    if (connector->which == PASSWORD_ACCEPTED || !PQconnectionUsedPassword(connector->connection) ||
        !password_has_accepted(connector->password))
        return false;
    give_up_attempt(connector);
    connect_with(connector, PASSWORD_ACCEPTED);
    return true;
}

/* Finds the host's addresses, or begins to. */
static void enter_host(struct pg_connector *connector)
{
    const struct pg_host *host = host_of(connector);
    struct error err = {0};
    bool is_local = host->name[0] == '\0' || host->name[0] == '/' || host->name[0] == '@';
    connector->address = 0;
    connector->addresses.count = 0;
    if (host->address || is_local || addresses_read(host->name, &connector->addresses)) {
        connect_to_address(connector);
        return;
    }
    begin_attempt(connector);
    connector->lookup = lookup_start(host->name, &err);
    if (!connector->lookup)
        note_failure(connector, &err);
}

/* The next address, or the next host; false where the round is over. */
static bool go_on(struct pg_connector *connector)
{
    give_up_attempt(connector);
    if (++connector->address < connector->addresses.count) {
        connect_to_address(connector);
        return true;
    }
    connector->host = (connector->host + 1) % connector->target->host_count;
    if (--connector->hosts_left == 0)
        return false;
    enter_host(connector);
    return true;
}

void pg_connector_start(struct pg_connector *connector)
{
    give_up_attempt(connector);
    connector->err = connector->unusable;
    if (!connector->target)
        return;
    connector->hosts_left = connector->target->host_count;
    enter_host(connector);
}

void pg_connector_stop(struct pg_connector *connector)
{
    give_up_attempt(connector);
    if (connector->hosts_left > 0)
        pg_connector_avoid(connector);
    connector->hosts_left = 0;
}

void pg_connector_avoid(struct pg_connector *connector)
{
    connector->host = (connector->host + 1) % connector->target->host_count;
}

static bool is_ready(int descriptor, short events)
{
    struct pollfd wait = {.fd = descriptor, .events = events};
    return poll(&wait, 1, 0) > 0;
}

/* Returns false where the host cannot be tried. */
static bool advance_lookup(struct pg_connector *connector)
{
    struct addresses *known = &connector->known[connector->host];
    struct error err = {0};
    int status;
    if (is_ready(lookup_descriptor(connector->lookup), POLLIN))
        status = lookup_take(connector->lookup, known, &err);
    else if (clock_monotonic_ms() < connector->deadline_ms)
        return true;
    else
        status = error_set(&err, ERROR_DATABASE_CONNECTION, "%s: the name was not resolved in time",
                           host_of(connector)->name);
    lookup_leave(connector->lookup);
    connector->lookup = NULL;
    if (status < 0)
        note_failure(connector, &err);
    if (known->count == 0)
        return false;
    connector->addresses = *known;
    connect_to_address(connector);
    return true;
}

static void note_timeout(struct pg_connector *connector)
{
    struct error err = {0};
    const char *address = PQhostaddr(connector->connection);
    error_set(&err, ERROR_DATABASE_CONNECTION, "%s%s%s: no connection within %d ms",
              host_of(connector)->name, address && *address ? " " : "", address ? address : "",
              connector->target->connect_timeout_ms);
    note_failure(connector, &err);
}

/* Returns 1 where it is open, 0 where it goes on, -1 where this address failed. */
static int advance_connection(struct pg_connector *connector)
{
    struct error err = {0};
    bool expired = clock_monotonic_ms() >= connector->deadline_ms;
    if (PQstatus(connector->connection) != CONNECTION_BAD &&
        is_ready(PQsocket(connector->connection), pg_connector_events(connector)))
        connector->polling = PQconnectPoll(connector->connection);
    if (connector->polling == PGRES_POLLING_OK)
        return 1;
    if (connector->polling == PGRES_POLLING_FAILED ||
        PQstatus(connector->connection) == CONNECTION_BAD) {
        if (try_accepted(connector))
            return 0;
        const char *name = host_of(connector)->name;
        pg_connection_error(connector->connection, name[0] ? name : "connecting", &err);
        note_failure(connector, &err);
        return -1;
    }
    if (expired)
        note_timeout(connector);
    return expired ? -1 : 0;
}

int pg_connector_advance(struct pg_connector *connector, PGconn **ret_connection, struct error *err)
{
    bool goes_on = connector->target;
    while (goes_on) {
        if (connector->lookup && advance_lookup(connector)) {
            if (connector->lookup)
                return 0;
        }
        int status = connector->connection ? advance_connection(connector) : -1;
        if (status == 0)
            return 0;
        if (status > 0) {
            note_accepted(connector);
            *ret_connection = connector->connection;
            connector->connection = NULL;
            connector->hosts_left = 0;
            return 1;
        }
        goes_on = go_on(connector);
    }
    *err = connector->err;
    return -1;
}

int pg_connector_finish(struct pg_connector *connector, int64_t deadline_ms,
                        PGconn **ret_connection, struct error *err)
{
    for (;;) {
        int status = pg_connector_advance(connector, ret_connection, err);
        int64_t now = clock_monotonic_ms();
        if (status != 0)
            return status;
        if (now >= deadline_ms) {
            pg_connector_stop(connector);
            return error_set(err, ERROR_DATABASE_CONNECTION, "no connection in time");
        }
        int64_t until = connector->deadline_ms < deadline_ms ? connector->deadline_ms : deadline_ms;
        struct pollfd wait = {.fd = pg_connector_descriptor(connector),
                              .events = pg_connector_events(connector)};
        if (until > now && poll(&wait, 1, (int)(until - now)) < 0 && errno != EINTR)
            return error_set(err, ERROR_INTERNAL, "poll: %s", strerror(errno));
    }
}

int pg_connector_descriptor(const struct pg_connector *connector)
{
    if (connector->lookup)
        return lookup_descriptor(connector->lookup);
    return connector->connection ? PQsocket(connector->connection) : -1;
}

short pg_connector_events(const struct pg_connector *connector)
{
    if (connector->lookup || connector->polling == PGRES_POLLING_READING)
        return POLLIN;
    return POLLOUT;
}

int64_t pg_connector_deadline_ms(const struct pg_connector *connector)
{
    return connector->deadline_ms;
}

unsigned pg_connector_attempt(const struct pg_connector *connector)
{
    return connector->attempt;
}

bool pg_connector_accepts(const struct pg_connector *connector, const PGconn *connection)
{
    return pg_target_accepts(connector->target, connection);
}

struct pg_probe *pg_connector_probe(const struct pg_connector *connector, int timeout_ms)
{
    return pg_probe_start(connector->target, host_of(connector), address_of(connector), timeout_ms);
}
