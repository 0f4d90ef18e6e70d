/* The connector's own reading of the string, so that nothing is dialled that is not listed here. */
#include "pg/hosts.h"

#include "base/text.h"
#include "target.h"

/* A directory, or a name of the abstract namespace (libpq-connect, "host"). */
static bool is_socket(const char *name)
{
    return !*name || *name == '/' || *name == '@';
}

static int port_of(const struct pg_host *host)
{
    int64_t port;
    return host->port && text_parse_integer(text_of(host->port), &port) == 0 ? (int)port
                                                                             : PG_DEFAULT_PORT;
}

int pg_hosts_list(const char *uri, void (*take)(void *argument, const char *host, int port),
                  void *argument, struct error *err)
{
    struct pg_target *target;
    if (pg_target_new(uri, "", 1, 1, &target, err) < 0)
        return -1;
    for (int i = 0; i < target->host_count; i++) {
        const struct pg_host *host = &target->hosts[i];
        if (host->address)
            take(argument, host->address, port_of(host));
        else if (!is_socket(host->name))
            take(argument, host->name, port_of(host));
    }
    pg_target_free(target);
    return 0;
}
