/* The sender of webhooks: one thread that claims deliveries that are due, sends several at a time,
 * and records what came of each.
 *
 * Each is delivered at least once: a claim is a lease, and what a worker that was lost had in hand
 * is sent again by another one, with the same id.  A webhook has one delivery on its way in a
 * worker, and a project a quarter of all, so that a receiver that lets it wait holds up its own
 * only.  Their order is not promised. */
#ifndef WORKERS_WEBHOOK_H
#define WORKERS_WEBHOOK_H

#include "base/config.h"
#include "base/keyring.h"
#include "base/outbound.h"

struct pg_login;
struct webhook_sender;

/* Whether webhook_ca can be used.  Fails with ERROR_CONFIG. */
int webhook_check_settings(const struct config *config, struct error *err);

/* Starts the thread.  All four must outlive it. */
struct webhook_sender *webhook_sender_new(const struct config *config,
                                          const struct pg_login *database,
                                          const struct keyring *keyring, struct outbound *outbound);
/* Stops the thread.  What is on its way is cut off and due again. */
void webhook_sender_free(struct webhook_sender *sender);

#endif
