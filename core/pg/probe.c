/* One attempt to connect, with a deadline. */
#include "probe.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

struct pg_probe {
    const struct pg_target *target;
    const struct pg_host *host;
    char *address;
    int timeout_ms;
    bool has_thread;
    pthread_t thread;
    atomic_int verdict;
};

/* Returns whether libpq came to an end, good or bad. */
static bool come_to_an_end(PGconn *connection, int64_t deadline_ms)
{
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    while (PQstatus(connection) != CONNECTION_BAD && polling != PGRES_POLLING_OK &&
           polling != PGRES_POLLING_FAILED) {
        int64_t left = deadline_ms - clock_monotonic_ms();
        struct pollfd wait = {.fd = PQsocket(connection),
                              .events = polling == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (left <= 0)
            return false;
        if (poll(&wait, 1, (int)left) > 0)
            polling = PQconnectPoll(connection);
    }
    return true;
}

static void *run(void *argument)
{
    struct pg_probe *probe = argument;
    int64_t deadline_ms = clock_monotonic_ms() + probe->timeout_ms;
    PGconn *connection = pg_target_connect(probe->target, probe->host, probe->address, NULL);
    bool answers = come_to_an_end(connection, deadline_ms);
    PQfinish(connection);
    atomic_store(&probe->verdict, answers ? PG_VERDICT_ANSWERS : PG_VERDICT_SILENT);
    return NULL;
}

struct pg_probe *pg_probe_start(const struct pg_target *target, const struct pg_host *host,
                                const char *address, int timeout_ms)
{
    struct pg_probe *probe = calloc(1, sizeof(*probe));
    if (!probe)
        abort();
    probe->target = target;
    probe->host = host;
    probe->address = address ? text_copy(address, strlen(address)) : NULL;
    probe->timeout_ms = timeout_ms;
    atomic_init(&probe->verdict, PG_VERDICT_NONE_YET);
    probe->has_thread = pthread_create(&probe->thread, NULL, run, probe) == 0;
    if (!probe->has_thread) /* then time alone decides */
        atomic_store(&probe->verdict, PG_VERDICT_ANSWERS);
    return probe;
}

enum pg_verdict pg_probe_verdict(const struct pg_probe *probe)
{
    return (enum pg_verdict)atomic_load(&probe->verdict);
}

void pg_probe_free(struct pg_probe *probe)
{
    if (!probe)
        return;
    if (probe->has_thread)
        pthread_join(probe->thread, NULL);
    free(probe->address);
    free(probe);
}
