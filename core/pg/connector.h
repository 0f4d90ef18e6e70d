/* From a connection string to an open connection that can write: every address of every host in
 * turn, each with a time of its own, none of it blocking.
 *
 * A round begins at the host that was good last and ends with a connection or after each host was
 * tried once; a round that is stopped goes on with the next host.  Where a name does not resolve,
 * the addresses that it had before are tried.  One thread. */
#ifndef PG_CONNECTOR_H
#define PG_CONNECTOR_H

#include <stdint.h>

#include "pg/login.h"
#include "probe.h"
#include "target.h"

struct pg_connector;

/* Never null; a string that is none fails each round with ERROR_CONFIG.  Each address is tried with
 * the password file's password, and once more with the last one that was accepted where the server
 * asks for one and does not take that.  The time-outs are those of
 * statements and of each lock that one waits for, as the server keeps them. */
struct pg_connector *pg_connector_new(const struct pg_login *login, const char *application,
                                      int statement_timeout_ms, int lock_timeout_ms);
void pg_connector_free(struct pg_connector *connector);

/* Begins a round; advance says how it goes. */
void pg_connector_start(struct pg_connector *connector);
void pg_connector_stop(struct pg_connector *connector);

/* To be called after start, when the descriptor is ready and when the deadline has passed.  Returns
 * 1 with a connection, which is the caller's, 0 where it goes on, -1 where no host was left. */
int pg_connector_advance(struct pg_connector *connector, PGconn **ret_connection,
                         struct error *err);

/* Waits for all that, but not past deadline_ms (monotonic). */
int pg_connector_finish(struct pg_connector *connector, int64_t deadline_ms,
                        PGconn **ret_connection, struct error *err);

/* What to watch, for POLLIN or POLLOUT; another one after every call. */
int pg_connector_descriptor(const struct pg_connector *connector);
short pg_connector_events(const struct pg_connector *connector);
int64_t pg_connector_deadline_ms(const struct pg_connector *connector);
/* Changes with every descriptor that the connector opened. */
unsigned pg_connector_attempt(const struct pg_connector *connector);

/* The host of the last connection fell silent: the next round begins with another one. */
void pg_connector_avoid(struct pg_connector *connector);

/* Whether an open connection is still of use; see pg_target_accepts. */
bool pg_connector_accepts(const struct pg_connector *connector, const PGconn *connection);

/* Asks whether anything answers where the last connection went; see probe.h. */
struct pg_probe *pg_connector_probe(const struct pg_connector *connector, int timeout_ms);

#endif
