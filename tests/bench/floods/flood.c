/* A hostile client for the server's own machine: many connections that all misbehave in one way.
 *
 *     dcs_flood KIND PORT CONNECTIONS SECONDS RATE ADDRESSES
 *
 * Holds that many connections to 127.0.0.1:PORT, from 127.1.0.1 on, opens at most RATE a second,
 * and opens again what was closed.  At the end one line of JSON tells what came of it.  One thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>
#include <openssl/ssl.h>

enum { CONNECTIONS_MAX = 20000, EVENTS_MAX = 256, DRIP_MS = 1000, GARBAGE_BYTES = 512 };

struct kind {
    const char *name;
    bool tls;
    const char *first; /* sent at once */
    int times;         /* so often */
    const char *drip;  /* and this once a second, where it is not null */
    bool reads;
    bool leaves; /* after the first byte of an answer */
};

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static const struct kind kinds[] = {
    {"silent", false, NULL, 0, NULL, true, false},
    {"hello", false, "\x16\x03\x01", 1, NULL, true, false},
    {"head", true, "GET / HTTP/1.1\r\nHost: a\r\n", 1, "X: y\r\n", true, false},
    {"body", true, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", 1, "x", true,
     false},
    {"reader", true, "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n", 20, NULL, false, false},
    {"churn", true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, NULL, true, true},
    {"garbage", false, NULL, 1, NULL, true, false},
    {"http2", true, PREFACE, 1, NULL, true, false},
    {"http2-plain", false, PREFACE, 1, NULL, true, false},
};

struct client {
    int descriptor; /* -1: closed */
    SSL *ssl;
    bool established, greeted;
    int64_t opened_ms, drip_ms;
};

static struct {
    const struct kind *kind;
    int port, connections, addresses;
    int64_t rate;
    int epoll;
    SSL_CTX *tls;
    struct client clients[CONNECTIONS_MAX];
    int open;
    long opened, established, answered, closed, longest_ms;
    int most_open;
} flood;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void leave(struct client *client)
{
    int64_t lived_ms = now_ms() - client->opened_ms;
    if (lived_ms > flood.longest_ms)
        flood.longest_ms = lived_ms;
    SSL_free(client->ssl);
    close(client->descriptor);
    client->ssl = NULL;
    client->descriptor = -1;
    flood.open--;
    flood.closed++;
}

static void enter(struct client *client, int number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)flood.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
    int small = 4096, on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(0x7f010001U + (uint32_t)(number % flood.addresses));
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    if (!flood.kind->reads)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(descriptor, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        (connect(descriptor, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
        close(descriptor);
        return;
    }
    *client = (struct client){.descriptor = descriptor, .opened_ms = now_ms()};
    if (flood.kind->tls) {
        client->ssl = SSL_new(flood.tls);
        SSL_set_fd(client->ssl, descriptor);
        SSL_set_connect_state(client->ssl);
    }
    epoll_ctl(flood.epoll, EPOLL_CTL_ADD, descriptor, &event);
    flood.opened++;
    if (++flood.open > flood.most_open)
        flood.most_open = flood.open;
}

/* What a full socket does not take is not sent again: nobody waits for it. */
static bool put(struct client *client, const void *bytes, size_t length)
{
    if (client->ssl) {
        int written = SSL_write(client->ssl, bytes, (int)length);
        int reason = SSL_get_error(client->ssl, written);
        return written > 0 || reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ;
    }
    return send(client->descriptor, bytes, length, MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

static bool greet(struct client *client)
{
    unsigned char garbage[GARBAGE_BYTES];
    const struct kind *kind = flood.kind;
    client->greeted = true;
    client->drip_ms = now_ms() + DRIP_MS;
    for (int i = 0; kind->first && i < kind->times; i++) {
        if (!put(client, kind->first, strlen(kind->first)))
            return false;
    }
    if (kind->first || kind->times == 0)
        return true;
    RAND_bytes(garbage, sizeof(garbage));
    return put(client, garbage, sizeof(garbage));
}

/* Negative: not yet. */
static int establish(struct client *client)
{
    int failure = 0;
    socklen_t length = sizeof(failure);
    if (!client->ssl)
        return getsockopt(client->descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 &&
               failure == 0;
    int status = SSL_do_handshake(client->ssl);
    if (status == 1)
        return 1;
    int reason = SSL_get_error(client->ssl, status);
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

/* False at the end of the connection. */
static bool take(struct client *client)
{
    char bytes[4096];
    for (;;) {
        ssize_t length = client->ssl ? SSL_read(client->ssl, bytes, sizeof(bytes))
                                     : recv(client->descriptor, bytes, sizeof(bytes), 0);
        if (length > 0) {
            flood.answered += memcmp(bytes, "HTTP/", 5) == 0;
            if (flood.kind->leaves)
                return false;
            continue;
        }
        if (client->ssl)
            return SSL_get_error(client->ssl, (int)length) == SSL_ERROR_WANT_READ;
        return length < 0 && errno == EAGAIN;
    }
}

static bool proceed(struct client *client, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP))
        return false;
    if (!client->established) {
        if (!client->ssl && !(events & EPOLLOUT))
            return true;
        int done = establish(client);
        if (done <= 0)
            return done < 0;
        client->established = true;
        flood.established++;
    }
    if (!client->greeted && !greet(client))
        return false;
    return !flood.kind->reads || take(client);
}

static void drip(int64_t now)
{
    for (int i = 0; i < flood.connections && flood.kind->drip; i++) {
        struct client *client = &flood.clients[i];
        if (client->descriptor < 0 || !client->greeted || now < client->drip_ms)
            continue;
        client->drip_ms = now + DRIP_MS;
        if (!put(client, flood.kind->drip, strlen(flood.kind->drip)))
            leave(client);
    }
}

static void open_more(int64_t began_ms, int64_t now)
{
    static int next;
    for (int i = 0; i < flood.connections && flood.open < flood.connections; i++) {
        if (flood.opened >= (now - began_ms + 10) * flood.rate / 1000)
            return;
        next = (next + 1) % flood.connections;
        if (flood.clients[next].descriptor < 0)
            enter(&flood.clients[next], next);
    }
}

static void run(int64_t seconds)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t began_ms = now_ms(), looked_ms = 0;
    for (int64_t now; (now = now_ms()) < began_ms + seconds * 1000;) {
        open_more(began_ms, now);
        if (now - looked_ms >= 100) {
            drip(now);
            looked_ms = now;
        }
        int count = epoll_wait(flood.epoll, events, EVENTS_MAX, 10);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (client->descriptor >= 0 && !proceed(client, events[i].events))
                leave(client);
        }
    }
}

static void report(void)
{
    for (int i = 0; i < flood.connections; i++) {
        const struct client *client = &flood.clients[i];
        if (client->descriptor >= 0 && now_ms() - client->opened_ms > flood.longest_ms)
            flood.longest_ms = now_ms() - client->opened_ms;
    }
    printf("{\"opened\": %ld, \"established\": %ld, \"answered\": %ld, \"closed\": %ld, "
           "\"most_open\": %d, \"longest_ms\": %ld}\n",
           flood.opened, flood.established, flood.answered, flood.closed, flood.most_open,
           flood.longest_ms);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 7 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0)
            flood.kind = &kinds[i];
    }
    if (!flood.kind) {
        fprintf(stderr, "dcs_flood KIND PORT CONNECTIONS SECONDS RATE ADDRESSES\n");
        return 2;
    }
    flood.port = (int)strtol(argv[2], NULL, 10);
    flood.connections = (int)strtol(argv[3], NULL, 10);
    flood.rate = strtol(argv[5], NULL, 10);
    flood.addresses = (int)strtol(argv[6], NULL, 10);
    if (flood.connections < 1 || flood.connections > CONNECTIONS_MAX || flood.addresses < 1)
        return 2;
    for (int i = 0; i < flood.connections; i++)
        flood.clients[i].descriptor = -1;
    raise_descriptors();
    signal(SIGPIPE, SIG_IGN);
    flood.epoll = epoll_create1(EPOLL_CLOEXEC);
    flood.tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(flood.tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    run(strtol(argv[4], NULL, 10));
    report();
    for (int i = 0; i < flood.connections; i++) {
        if (flood.clients[i].descriptor >= 0)
            leave(&flood.clients[i]);
    }
    SSL_CTX_free(flood.tls);
    close(flood.epoll);
    return 0;
}
