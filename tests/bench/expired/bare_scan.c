/* The least that releases expired keys, which our scan is held against: SCAN again and again, one
 * at a time, nothing else.
 *
 *     dcs_bench_bare_scan HOST:PORT COUNT
 *
 * Prints the seconds it took. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "redis/connection.h"

enum { WAIT_MS = 60000, CURSOR_MAX = 20 };

static int scan(struct redis_connection *connection, const char *count, struct error *err)
{
    char cursor[CURSOR_MAX + 1] = "0";
    do {
        const struct text words[] = {TEXT("SCAN"), text_of(cursor), TEXT("COUNT"), text_of(count)};
        const struct redis_reply *reply;
        if (redis_connection_call(connection, words, 4, &reply, err) < 0)
            return -1;
        if (reply->kind != REDIS_ARRAY || reply->count != 2 ||
            reply->elements[0].text.length > CURSOR_MAX)
            return redis_connection_unexpected(connection, reply, "SCAN", err);
        memcpy(cursor, reply->elements[0].text.bytes, reply->elements[0].text.length);
        cursor[reply->elements[0].text.length] = '\0';
    } while (strcmp(cursor, "0") != 0);
    return 0;
}

int main(int argc, char **argv)
{
    struct redis_target target = {.outbound = outbound_new_anywhere(),
                                  .connect_timeout_ms = WAIT_MS,
                                  .reply_timeout_ms = WAIT_MS};
    struct redis_connection *connection;
    struct error err = {0};
    if (argc != 3 || endpoint_parse(text_of(argv[1]), &target.endpoint) < 0) {
        fprintf(stderr, "usage: dcs_bench_bare_scan HOST:PORT COUNT\n");
        return 2;
    }
    if (redis_connection_open(&target, (struct redis_interrupt){0}, &connection, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    int64_t started = clock_monotonic_us();
    int status = scan(connection, argv[2], &err);
    if (status < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("%.3f\n", (double)(clock_monotonic_us() - started) / 1e6);
    redis_connection_free(connection);
    outbound_free(target.outbound);
    return status < 0;
}
