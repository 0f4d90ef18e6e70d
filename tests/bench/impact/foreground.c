/* A tenant: GETs at a fixed rate over one connection, whatever the answers do (an open loop: a
 * request is timed from when it was due, not from when there was room for it).
 *
 *     dcs_bench_foreground PORT RATE SECONDS KEYS
 *
 * Prints `requests p50 p90 p99 max`, in us.  On SIGTERM it ends early with what it has. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { US_MAX = 1000000, IN_FLIGHT_MAX = 65536, READ_SIZE = 65536, US_OF_S = 1000000 };

struct load {
    int socket;
    int64_t rate, seconds, keys;
    int64_t began;
    int64_t sent, answered;
    int64_t due[IN_FLIGHT_MAX]; /* of request i at i modulo the size */
    int64_t counts[US_MAX + 1]; /* of latencies, by us */
    int64_t to_skip;            /* of a value that is being read */
    char line[64];
    int line_length;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int on = 1, made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return made;
}

static int send_due(struct load *load, int64_t now)
{
    for (;;) {
        int64_t due = load->began + load->sent * US_OF_S / load->rate;
        char command[64], key[32];
        if (due > now || load->sent - load->answered >= IN_FLIGHT_MAX)
            return 0;
        int64_t number = load->sent * 7919 % load->keys + 1;
        int length = snprintf(key, sizeof(key), "key:%lld", (long long)number);
        length =
            snprintf(command, sizeof(command), "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", length, key);
        if (send(load->socket, command, (size_t)length, MSG_NOSIGNAL) != length)
            return -1;
        load->due[load->sent++ % IN_FLIGHT_MAX] = due;
    }
}

static void take_answer(struct load *load, int64_t now)
{
    int64_t took = now - load->due[load->answered++ % IN_FLIGHT_MAX];
    load->counts[took < US_MAX ? took : US_MAX]++;
}

/* A line ends an answer, but for that of a value. */
static void take_line(struct load *load, int64_t now)
{
    int64_t length;
    struct text digits = {load->line + 1, (size_t)(load->line_length - 3)};
    if (load->line[0] == '$' && load->line_length > 3 && text_parse_integer(digits, &length) == 0 &&
        length >= 0)
        load->to_skip = length + 2;
    else
        take_answer(load, now);
    load->line_length = 0;
}

static int read_answers(struct load *load)
{
    char bytes[READ_SIZE];
    ssize_t length = recv(load->socket, bytes, sizeof(bytes), 0);
    int64_t now = clock_monotonic_us();
    if (length <= 0)
        return -1;
    for (ssize_t i = 0; i < length; i++) {
        if (load->to_skip > 0) {
            if (--load->to_skip == 0)
                take_answer(load, now);
            continue;
        }
        if (load->line_length < (int)sizeof(load->line))
            load->line[load->line_length++] = bytes[i];
        if (bytes[i] == '\n')
            take_line(load, now);
    }
    return 0;
}

static int run(struct load *load)
{
    int64_t ends = load->began + load->seconds * US_OF_S;
    struct pollfd watched = {.fd = load->socket, .events = POLLIN};
    for (;;) {
        int64_t now = clock_monotonic_us();
        if (now >= ends || stopped)
            return 0;
        if (send_due(load, now) < 0)
            return -1;
        int64_t wait = load->began + load->sent * US_OF_S / load->rate - clock_monotonic_us();
        struct timespec rest = {.tv_nsec = wait > 0 ? (long)wait * 1000 : 0};
        int ready = ppoll(&watched, 1, &rest, NULL);
        if ((ready > 0 && read_answers(load) < 0) || (ready < 0 && errno != EINTR))
            return -1;
    }
}

static int64_t percentile(const struct load *load, double share)
{
    int64_t wanted = (int64_t)((double)(load->answered - 1) * share), sum = 0;
    for (int us = 0; us <= US_MAX; us++) {
        sum += load->counts[us];
        if (sum > wanted)
            return us;
    }
    return US_MAX;
}

static int parse(int argc, char **argv, int64_t numbers[4])
{
    if (argc != 5)
        return -1;
    for (int i = 0; i < 4; i++) {
        if (text_parse_integer(text_of(argv[i + 1]), &numbers[i]) < 0 || numbers[i] < 1)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct load load;
    int64_t numbers[4];
    if (parse(argc, argv, numbers) < 0) {
        fprintf(stderr, "usage: dcs_bench_foreground PORT RATE SECONDS KEYS\n");
        return 2;
    }
    load.rate = numbers[1];
    load.seconds = numbers[2];
    load.keys = numbers[3];
    load.socket = connect_to((int)numbers[0]);
    signal(SIGTERM, stop);
    prctl(PR_SET_TIMERSLACK, 1000);
    load.began = clock_monotonic_us();
    if (load.socket < 0 || run(&load) < 0) {
        fprintf(stderr, "no connection\n");
        return 1;
    }
    close(load.socket);
    printf("%lld %lld %lld %lld %lld\n", (long long)load.answered,
           (long long)percentile(&load, 0.5), (long long)percentile(&load, 0.9),
           (long long)percentile(&load, 0.99), (long long)percentile(&load, 1));
    return 0;
}
