/* What it takes to reach instances, whoever they belong to: the settings, the keys that open their
 * secrets, and whom this program may dial. */
#ifndef INSTANCE_ACCESS_H
#define INSTANCE_ACCESS_H

#include "base/config.h"
#include "base/outbound.h"
#include "base/secret.h"

/* Borrowed; shared by threads. */
struct instance_access {
    const struct config *config;
    const struct keyring *keyring; /* may be null where no instance has a secret */
    struct outbound *outbound;
};

/* The lists of whom instances, and receivers of webhooks, may be. */
struct outbound_settings instance_outbound_settings(const struct config *config);
struct outbound_settings webhook_outbound_settings(const struct config *config);

/* The policy that two lists make, with the database and the service's own listeners as its own
 * places.  Looks the database's names up and waits for that.  Fails with ERROR_CONFIG. */
int outbound_new_for(const struct config *config, const struct outbound_settings *settings,
                     struct outbound **ret_outbound, struct error *err);

/* The one of the settings redis_networks and redis_networks_denied. */
int instance_outbound_new(const struct config *config, struct outbound **ret_outbound,
                          struct error *err);

/* Whether all lists are good; looks no name up. */
int instance_outbound_check(const struct config *config, struct error *err);

enum { INSTANCE_OUTBOUND_REFRESH_MS = 60 * 1000 };

/* Looks again, as names come to mean other addresses.  Where one does not resolve, nothing changes:
 * false. */
bool instance_outbound_refresh(struct outbound *outbound, const struct config *config);

#endif
