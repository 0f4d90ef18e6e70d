/* The longest that a client waits: PING every millisecond until SIGTERM.
 *
 *     dcs_bench_ping HOST:PORT
 *
 * Prints `worst stalled`: the longest answer in ms, and how many took 20 ms or more. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "redis/connection.h"

enum { WAIT_MS = 60000, STALL_US = 20000 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

int main(int argc, char **argv)
{
    struct redis_target target = {.outbound = outbound_new_anywhere(),
                                  .connect_timeout_ms = WAIT_MS,
                                  .reply_timeout_ms = WAIT_MS};
    const struct text words[] = {TEXT("PING")};
    const struct timespec nap = {.tv_nsec = 1000000};
    const struct redis_reply *reply;
    struct redis_connection *connection;
    struct error err = {0};
    int64_t worst = 0;
    int stalled = 0;
    signal(SIGTERM, stop);
    if (argc != 2 || endpoint_parse(text_of(argv[1]), &target.endpoint) < 0 ||
        redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err) < 0) {
        fprintf(stderr, "usage: dcs_bench_ping HOST:PORT\n%s\n", err.text);
        return 2;
    }
    while (!stopped) {
        int64_t sent = clock_monotonic_us();
        if (redis_connection_call(connection, words, 1, &reply, &err) < 0)
            break;
        int64_t took = clock_monotonic_us() - sent;
        worst = took > worst ? took : worst;
        stalled += took >= STALL_US;
        nanosleep(&nap, NULL);
    }
    printf("%.1f %d\n", (double)worst / 1e3, stalled);
    redis_connection_free(connection);
    outbound_free(target.outbound);
    return stopped ? 0 : 1;
}
