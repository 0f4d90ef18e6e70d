/* The probe of an instance: what it is, which nodes it has, how it is configured, and what can be
 * analysed there; and the record of all that. */
#ifndef INSTANCE_PROBE_H
#define INSTANCE_PROBE_H

#include "instance/access.h"
#include "pg/session.h"
#include "redis/connection.h"

/* Probes the instance of a row that has INSTANCE_COLUMNS and then INSTANCE_TARGET_COLUMNS, and
 * records what was found or why nothing was.  Endpoints are tried in turn, the first one that
 * answers is believed; all of it takes at most about four times probe_timeout_ms.  Of endpoints
 * that are Sentinels it is their master that is probed.
 *
 * Fails with what the probe failed with, after it was recorded; with ERROR_NOT_FOUND where the
 * instance was removed meanwhile; with an error of the database where it could not be recorded.
 * That our own key file does not fit (ERROR_CONFIG, ERROR_SECRET) or that the interrupt ended it
 * (its error, ERROR_SCAN_CANCELLED) says nothing about the instance and is not recorded. */
int instance_probe(struct pg_session *session, const struct instance_access *access,
                   const struct pg_rows *rows, int row, struct redis_interrupt interrupt,
                   struct error *err);

#endif
