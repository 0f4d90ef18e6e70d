/* A network that is far away: passes bytes on, each that long after it came, in both directions.
 *
 *     dcs_bench_delay TARGET_PORT DELAY_US
 *
 * Listens on a port of 127.0.0.1 that it prints, and ends with its parent.  Connections are served
 * by a thread for each direction. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { CHUNK_BYTES = 64 << 10, CHUNKS = 64, PORT_MOST = 65535, DELAY_MOST_US = 1000000 };

struct chunk {
    int64_t due; /* monotonic us */
    size_t length;
    char bytes[CHUNK_BYTES];
};

struct direction {
    int from, to;
    int64_t delay;
    struct chunk *chunks; /* a ring */
    unsigned first, end;
};

static int64_t delay_us;

static void send_all(int to, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t moved = send(to, bytes, length, MSG_NOSIGNAL);
        if (moved <= 0)
            return;
        bytes += moved;
        length -= (size_t)moved;
    }
}

static void send_due(struct direction *direction)
{
    while (direction->first != direction->end) {
        const struct chunk *chunk = &direction->chunks[direction->first % CHUNKS];
        if (chunk->due > clock_monotonic_us())
            return;
        send_all(direction->to, chunk->bytes, chunk->length);
        direction->first++;
    }
}

/* Until there is something to read or to send. */
static void wait_for_more(const struct direction *direction)
{
    struct pollfd ready = {.fd = direction->from, .events = POLLIN};
    struct timespec rest = {.tv_sec = 1};
    bool full = direction->end - direction->first == CHUNKS;
    if (direction->first != direction->end) {
        int64_t left = direction->chunks[direction->first % CHUNKS].due - clock_monotonic_us();
        left = left > 0 ? left : 0;
        rest = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    }
    ppoll(&ready, full ? 0 : 1, &rest, NULL);
}

static bool read_more(struct direction *direction)
{
    if (direction->end - direction->first == CHUNKS)
        return true;
    struct chunk *chunk = &direction->chunks[direction->end % CHUNKS];
    ssize_t got = recv(direction->from, chunk->bytes, CHUNK_BYTES, MSG_DONTWAIT);
    if (got == 0)
        return false;
    if (got > 0) {
        chunk->length = (size_t)got;
        chunk->due = clock_monotonic_us() + direction->delay;
        direction->end++;
    }
    return true;
}

static void *run(void *argument)
{
    struct direction *direction = argument;
    prctl(PR_SET_TIMERSLACK, 1000UL);
    while (read_more(direction)) {
        send_due(direction);
        wait_for_more(direction);
    }
    shutdown(direction->to, SHUT_WR);
    free(direction->chunks);
    free(direction);
    return NULL;
}

static void start(int from, int to)
{
    struct direction *direction = calloc(1, sizeof(*direction));
    pthread_t thread;
    if (!direction)
        abort();
    *direction = (struct direction){.from = from, .to = to, .delay = delay_us};
    direction->chunks = calloc(CHUNKS, sizeof(struct chunk));
    if (!direction->chunks || pthread_create(&thread, NULL, run, direction) != 0)
        abort();
    pthread_detach(thread);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return made >= 0 && connect(made, (struct sockaddr *)&address, sizeof(address)) == 0 ? made
                                                                                         : -1;
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || bind(made, (struct sockaddr *)&address, length) < 0 || listen(made, 16) < 0 ||
        getsockname(made, (struct sockaddr *)&address, &length) < 0)
        return -1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return made;
}

int main(int argc, char **argv)
{
    int64_t port = 0;
    int on = 1;
    if (argc != 3 || text_parse_integer(text_of(argv[1]), &port) < 0 || port < 1 ||
        port > PORT_MOST || text_parse_integer(text_of(argv[2]), &delay_us) < 0 || delay_us < 0 ||
        delay_us > DELAY_MOST_US) {
        fprintf(stderr, "usage: dcs_bench_delay TARGET_PORT DELAY_US\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int listener = listen_anywhere();
    for (;;) {
        int client = listener < 0 ? -1 : accept(listener, NULL, NULL);
        int server = client < 0 ? -1 : connect_to((int)port);
        if (server < 0) {
            perror("dcs_bench_delay");
            return 1;
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        start(client, server);
        start(server, client);
    }
}
