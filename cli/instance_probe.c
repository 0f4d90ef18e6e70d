/* Asks an instance what it is, from where the tool runs; workers do the same on their own. */
#include "base/scope.h"
#include "instance.h"
#include "instance/probe.h"
#include "sealing.h"

static void keyring_cleanup(struct keyring **keyring)
{
    keyring_free(*keyring);
}

static void outbound_cleanup(struct outbound **outbound)
{
    outbound_free(*outbound);
}

int instance_run_probe(struct cli *cli, const struct pg_rows *rows, struct error *err)
{
    SCOPED(keyring_cleanup) struct keyring *keyring = NULL;
    SCOPED(outbound_cleanup) struct outbound *outbound = NULL;
    struct instance instance;
    instance_read(rows, 0, 0, &instance);
    if ((instance.has_password || instance.has_tls_certificate) &&
        sealing_load(cli->config, &keyring, err) < 0)
        return -1;
    if (instance_outbound_new(cli->config, &outbound, err) < 0)
        return -1;
    const struct instance_access access = {cli->config, keyring, outbound};
    if (instance_probe(cli->session, &access, rows, 0, (struct redis_interrupt){0}, err) < 0)
        return error_prefix(err, "instance %s", instance.name);
    return 0;
}
