/* Load for an HTTP/1.1 server: one thread, kept or new connections, as fast as it goes or at a
 * rate.
 *
 *     load --url http[s]://host:port --requests FILE --connections N (--seconds S | --once)
 *          [--rate R] [--connect keep|full|resumed] [--ca FILE] [--depth D] [--status 200[,204..]]
 *          [--warm S]
 *
 * FILE has the requests as they are sent, a line with its length in bytes before each; they are
 * used in turn and over again, with --once each one time.  Without --rate a connection sends its
 * next request (with --depth so many at a time) when the one before is answered.  With it, request
 * n is due n/R seconds after the beginning, and its latency counts from then on, however late it
 * was sent.  --connect full takes a new connection for each request, resumed one that takes up the
 * TLS session of the one before.  All kept connections are open before the first request.  What is
 * answered in the first --warm seconds does not count; what fails always does.
 *
 * Prints one JSON object; ends with 0 whatever was answered, with 1 where it could not ask.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include <openssl/err.h>

#include "client.h"
#include "histogram.h"
#include "options.h"
#include "requests.h"

enum {
    OPENING_MAX = 256, /* at a time: the peer's queue of connections is finite */
    SOURCES_MIN = 16,  /* where each request takes a connection: ports run out */
    CONNECTIONS_PER_SOURCE = 128,
    REASONS_SHOWN = 5,
    EVENTS_MAX = 512,
    BYTES_AT_ONCE = 65536
};

static const int64_t NS_PER_SECOND = 1000000000, TICK_NS = 100000000;
/* So long nothing happened: what is in flight will not be answered. */
static const int64_t STALL_NS = 30 * 1000000000LL;
/* So long answers are waited for after the end. */
static const int64_t DRAIN_NS = 10 * 1000000000LL;

/* Clients that wait for something; each is in one at most. */
struct ring {
    struct client **clients;
    unsigned size, first, count;
};

static struct {
    struct options options;
    struct target target;
    struct requests requests;
    struct client *clients;
    struct ring ready, closed; /* for a request; kept ones that are to be opened */
    struct histogram histogram;
    uint64_t statuses[STATUS_MAX];
    uint64_t failed, opened, handshakes, resumed, issued;
    unsigned open, opening, in_flight;
    bool running;
    int64_t now_ns, start_ns, begin_ns, end_ns, progress_ns;
    double cpu_before;
} load;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        abort();
    return memory;
}

static void push(struct ring *ring, struct client *client)
{
    if (client->is_queued)
        return;
    client->is_queued = true;
    ring->clients[(ring->first + ring->count++) % ring->size] = client;
}

static struct client *pop(struct ring *ring)
{
    struct client *client = ring->clients[ring->first];
    ring->first = (ring->first + 1) % ring->size;
    ring->count--;
    client->is_queued = false;
    return client;
}

static void fail(uint64_t count, const char *what, const char *why)
{
    static int shown;
    load.failed += count;
    if (count > 0 && shown++ < REASONS_SHOWN)
        fprintf(stderr, "load: %s%s%s\n", what, why[0] ? ": " : "", why);
}

static bool has_rate(void)
{
    return load.options.rate > 0;
}

/* How many requests are due by now. */
static uint64_t due(void)
{
    int64_t until = load.now_ns < load.end_ns ? load.now_ns : load.end_ns;
    if (until < load.start_ns)
        return 0;
    return 1 + (uint64_t)((double)(until - load.start_ns) * load.options.rate / 1e9);
}

static int64_t due_ns(uint64_t number)
{
    return load.start_ns + (int64_t)((double)number * 1e9 / load.options.rate);
}

static bool may_issue(void)
{
    if (!load.running || (load.options.once && load.requests.next == load.requests.count))
        return false;
    return has_rate() ? load.issued < due() : load.now_ns < load.end_ns;
}

/* The next requests, up to `most`, are this client's; sent is what goes at once. */
static void assign(struct client *client, size_t most)
{
    size_t first, count;
    unsigned depth = load.options.depth;
    count = requests_take(&load.requests, most, &first, &client->unsent, &client->unsent_length);
    for (size_t i = 0; i < count; i++) {
        struct flight *flight = &client->flights[(client->first + client->count++) % depth];
        flight->begun_ns = has_rate() ? due_ns(load.issued) : load.now_ns;
        flight->is_head = requests_is_head(&load.requests, first + i);
        load.issued++;
    }
    load.in_flight += (unsigned)count;
}

static void leave(struct client *client)
{
    if (client->state == CLIENT_OPEN)
        load.open--;
    else if (client->state != CLIENT_CLOSED)
        load.opening--;
    client_close(client);
    load.in_flight -= client->count;
    client->count = 0;
}

static void offer(struct client *client);

/* A connection that did not come about, or did not last until the beginning, is a failure also
 * where nothing was asked of it. */
static void lose(struct client *client, const char *what, const char *why)
{
    bool was_ready = client->state == CLIENT_OPEN && load.running;
    fail(client->count + (client->count == 0 && !was_ready), what, why);
    leave(client);
    offer(client);
}

static const char *reason(void)
{
    unsigned long failure = ERR_peek_last_error();
    if (errno)
        return strerror(errno);
    return failure ? ERR_reason_error_string(failure) : "closed";
}

static void begin_opening(struct client *client)
{
    errno = 0;
    if (client_open(client, &load.target) < 0) {
        lose(client, "connect", reason());
        return;
    }
    load.opening++;
}

static void send_now(struct client *client)
{
    errno = 0;
    if (client_send(client) < 0)
        lose(client, "a request was not taken", reason());
}

/* Gives it what it can do next, or puts it where that will be found. */
static void offer(struct client *client)
{
    if (client->state == CLIENT_CLOSED) {
        push(load.options.fresh ? &load.ready : &load.closed, client);
        return;
    }
    if (load.options.fresh || client->state != CLIENT_OPEN || client->unsent_length > 0 ||
        client->count == load.options.depth)
        return;
    if (has_rate() || !may_issue()) {
        push(&load.ready, client);
        return;
    }
    assign(client, load.options.depth - client->count);
    send_now(client);
}

static void issue(struct client *client)
{
    if (!load.options.fresh && client->state != CLIENT_OPEN) {
        offer(client);
        return;
    }
    assign(client, has_rate() ? 1 : load.options.depth - client->count);
    if (client->count == 0)
        return;
    if (load.options.fresh)
        begin_opening(client);
    else
        send_now(client);
    if (client->state == CLIENT_OPEN && client->count < load.options.depth)
        offer(client);
}

/* What can go now; one that fails at once comes again with the next turn. */
static void pump(void)
{
    for (unsigned left = load.closed.count; left > 0 && load.opening < OPENING_MAX; left--)
        begin_opening(pop(&load.closed));
    for (unsigned left = load.ready.count; left > 0 && may_issue(); left--)
        issue(pop(&load.ready));
}

static bool counts(const struct flight *flight)
{
    if (load.options.once || has_rate())
        return flight->begun_ns >= load.begin_ns;
    return load.now_ns >= load.begin_ns && load.now_ns < load.end_ns;
}

static void finish(struct client *client)
{
    const struct flight *flight = &client->flights[client->first];
    int status = client->answer.status;
    bool counted = counts(flight), accepted = load.options.accepted[status % STATUS_MAX];
    if (!accepted) {
        char number[16];
        snprintf(number, sizeof(number), "%d", status);
        fail(1, "status", number);
    } else if (counted) {
        histogram_add(&load.histogram, load.now_ns - flight->begun_ns);
    }
    load.statuses[status % STATUS_MAX] += counted || !accepted;
    client->first = (client->first + 1) % load.options.depth;
    client->count--;
    load.in_flight--;
    load.progress_ns = load.now_ns;
}

/* False where the connection has ended. */
static bool take(struct client *client, const char *bytes, size_t length)
{
    while (length > 0) {
        if (client->count == 0) {
            fail(1, "an answer", "to no request");
            lose(client, "connection", "");
            return false;
        }
        ssize_t taken =
            answer_take(&client->answer, bytes, length, client->flights[client->first].is_head);
        if (taken < 0) {
            lose(client, "an answer", "not HTTP/1.1");
            return false;
        }
        bytes += taken;
        length -= (size_t)taken;
        if (client->answer.state != ANSWER_DONE)
            continue;
        bool closes = client->answer.closes;
        finish(client);
        answer_reset(&client->answer);
        if (closes || load.options.fresh) {
            lose(client, "connection", "closed with requests in flight");
            return false;
        }
    }
    return true;
}

static void end(struct client *client)
{
    if (client->answer.state == ANSWER_UNTIL_CLOSE)
        finish(client);
    lose(client, "connection lost with a request in flight", reason());
}

/* Where everything was answered nothing more is looked for: what comes later is an event again. */
static void receive(struct client *client)
{
    static char bytes[BYTES_AT_ONCE];
    ssize_t length;
    do {
        length = client_receive(client, bytes, sizeof(bytes));
        if (length == 0)
            break;
        load.now_ns = now_ns();
        if (length < 0) {
            end(client);
            return;
        }
        if (!take(client, bytes, (size_t)length))
            return;
    } while (client->count > 0 && (client->ssl || length == sizeof(bytes)));
    offer(client);
}

static void established(struct client *client)
{
    load.opening--;
    load.open++;
    load.opened++;
    load.progress_ns = load.now_ns;
    if (!client->ssl)
        return;
    load.handshakes++;
    load.resumed += client_was_resumed(client);
}

static void handle(struct client *client)
{
    if (client->state == CLIENT_CLOSED)
        return;
    if (client->state != CLIENT_OPEN) {
        errno = 0;
        int status = client_establish(client, &load.target);
        if (status < 0)
            lose(client, "connect", reason());
        if (status <= 0)
            return;
        established(client);
    }
    if (client->unsent_length > 0) {
        send_now(client);
        if (client->state != CLIENT_OPEN)
            return;
    }
    receive(client);
}

/* Until the next event, request that is due, or `until`. */
static void turn(int64_t until)
{
    struct epoll_event events[EVENTS_MAX];
    load.now_ns = now_ns();
    pump();
    int64_t wake = load.now_ns + TICK_NS < until ? load.now_ns + TICK_NS : until;
    if (load.now_ns < load.end_ns && has_rate() && load.ready.count > 0 &&
        due_ns(load.issued) < wake)
        wake = due_ns(load.issued);
    bool again = !has_rate() && load.ready.count > 0 && may_issue();
    int64_t wait = again || wake <= load.now_ns ? 0 : wake - load.now_ns;
    struct timespec timeout = {wait / NS_PER_SECOND, wait % NS_PER_SECOND};
    int count = epoll_pwait2(load.target.epoll, events, EVENTS_MAX, &timeout, NULL);
    load.now_ns = now_ns();
    for (int i = 0; i < count; i++)
        handle(events[i].data.ptr);
}

static bool is_stalled(void)
{
    return load.in_flight + load.opening > 0 && load.now_ns - load.progress_ns > STALL_NS;
}

/* All kept connections.  Negative: they did not come about. */
static int connect_all(void)
{
    load.progress_ns = load.now_ns = now_ns();
    for (unsigned i = 0; i < load.options.connections; i++)
        offer(&load.clients[i]);
    while (!load.options.fresh && load.open < load.options.connections) {
        turn(INT64_MAX);
        if (load.failed > 0 || load.now_ns - load.progress_ns > STALL_NS) {
            fprintf(stderr, "load: %u of %u connections\n", load.open, load.options.connections);
            return -1;
        }
    }
    return 0;
}

static bool is_over(void)
{
    if (load.options.once)
        return load.requests.next == load.requests.count && load.in_flight == 0;
    if (load.now_ns < load.end_ns)
        return false;
    return load.in_flight == 0 && (!has_rate() || load.issued >= due());
}

static void run(void)
{
    const struct options *options = &load.options;
    load.cpu_before = cpu_seconds();
    load.start_ns = load.progress_ns = load.now_ns = now_ns();
    load.begin_ns = load.start_ns + (int64_t)(options->warm * 1e9);
    load.end_ns = options->once ? INT64_MAX / 2 : load.begin_ns + (int64_t)(options->seconds * 1e9);
    load.running = true;
    while (!is_over()) {
        if (is_stalled() || load.now_ns > load.end_ns + DRAIN_NS) {
            fail(load.in_flight, "not answered", "gave up");
            if (has_rate() && due() > load.issued)
                fail(due() - load.issued, "due and not sent", "gave up");
            return;
        }
        turn(load.now_ns < load.end_ns ? load.end_ns : INT64_MAX);
    }
}

static void report(void)
{
    static const struct {
        const char *name;
        double part;
    } quantiles[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}};
    const struct histogram *histogram = &load.histogram;
    bool fixed = !load.options.once && !has_rate();
    double seconds =
        (double)((fixed ? load.end_ns : load.progress_ns) - load.begin_ns) / (double)NS_PER_SECOND;
    printf("{\"requests\": %lu, \"failed\": %lu, \"seconds\": %.3f, \"rate\": %.1f, ",
           histogram->count, load.failed, seconds,
           seconds > 0 ? (double)histogram->count / seconds : 0);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
        printf("\"%s\": %.1f, ", quantiles[i].name,
               histogram_quantile_us(histogram, quantiles[i].part));
    printf("\"max_us\": %.1f, \"statuses\": {", (double)histogram->max_ns / 1000);
    const char *comma = "";
    for (int status = 0; status < STATUS_MAX; status++) {
        if (load.statuses[status] > 0) {
            printf("%s\"%d\": %lu", comma, status, load.statuses[status]);
            comma = ", ";
        }
    }
    printf("}, \"connections\": %lu, \"handshakes\": %lu, \"resumed\": %lu, "
           "\"cpu_seconds\": %.3f}\n",
           load.opened, load.handshakes, load.resumed, cpu_seconds() - load.cpu_before);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void init_clients(void)
{
    unsigned count = load.options.connections;
    load.clients = allocate(count, sizeof(*load.clients));
    load.ready = (struct ring){.clients = allocate(count, sizeof(struct client *)), .size = count};
    load.closed = (struct ring){.clients = allocate(count, sizeof(struct client *)), .size = count};
    for (unsigned i = 0; i < count; i++) {
        load.clients[i].number = i;
        load.clients[i].descriptor = -1;
        load.clients[i].flights = allocate(load.options.depth, sizeof(struct flight));
    }
}

static void release(void)
{
    for (unsigned i = 0; load.clients && i < load.options.connections; i++) {
        client_close(&load.clients[i]);
        SSL_SESSION_free(load.clients[i].session);
        free(load.clients[i].flights);
    }
    free(load.clients);
    free(load.ready.clients);
    free(load.closed.clients);
    requests_release(&load.requests);
    target_release(&load.target);
}

static int prepare(void)
{
    unsigned sources = load.options.connections / CONNECTIONS_PER_SOURCE + 1;
    load.target.sources = load.options.fresh && sources < SOURCES_MIN ? SOURCES_MIN : sources;
    load.target.resumes = load.options.resumes;
    load.target.epoll = -1;
    if (requests_load(&load.requests, load.options.requests) < 0)
        return -1;
    load.requests.once = load.options.once;
    return target_init(&load.target, load.options.url, load.options.ca);
}

int main(int argc, char **argv)
{
    if (!options_read(argc, argv, &load.options)) {
        fputs(OPTIONS_USAGE, stderr);
        return 2;
    }
    raise_descriptors();
    prctl(PR_SET_TIMERSLACK, 1UL);
    int status = 1;
    if (prepare() == 0) {
        init_clients();
        if (connect_all() == 0) {
            run();
            report();
            status = 0;
        }
    }
    release();
    return status;
}
