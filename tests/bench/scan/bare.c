/* The anchor of the scan's benchmark: a client that pipelines SCAN, TYPE and the length, and does
 * nothing else.  No ranking, no checks, no limits, no pacing; what it reaches is what the commands
 * cost.  For trusted servers with names of the benchmark only.
 *
 *     dcs_bench_bare PORT COUNT WINDOW
 *
 * WINDOW is in keys, and bounds those that are in flight.  Prints `keys seconds keys/s`. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { NAME_BYTES = 64, PLACES = 1 << 15, BUFFER_SIZE = 4 << 20, COMMAND_BYTES = 128 };
enum { PORT_MOST = 65535, WINDOW_MOST = PLACES / 2 };
enum expected { EXPECT_SCAN, EXPECT_TYPE, EXPECT_LENGTH };

struct place { /* in the order of the answers */
    enum expected expected;
    size_t length;
    char name[NAME_BYTES];
};

struct bare {
    int socket, count, window, in_flight;
    bool scanning, finished;
    struct place *places;
    unsigned first, end; /* modulo PLACES */
    char cursor[NAME_BYTES];
    char *in, *out;
    size_t start, filled, unsent;
    long long keys;
};

static void die(const char *what)
{
    perror(what);
    _exit(1);
}

static void append(struct bare *bare, struct text command, const char *name, size_t length)
{
    char *place = bare->out + bare->unsent;
    int head = snprintf(place, COMMAND_BYTES, "*2\r\n$%zu\r\n%s\r\n$%zu\r\n", command.length,
                        command.bytes, length);
    memcpy(place + head, name, length);
    memcpy(place + head + length, "\r\n", 2);
    bare->unsent += (size_t)head + length + 2;
}

static void expect(struct bare *bare, enum expected expected, const char *name, size_t length)
{
    struct place *place = &bare->places[bare->end++ % PLACES];
    if (length > NAME_BYTES)
        abort();
    *place = (struct place){.expected = expected, .length = length};
    memcpy(place->name, name, length);
}

static void ask_scan(struct bare *bare)
{
    if (bare->scanning || bare->finished || bare->in_flight + bare->count > bare->window)
        return;
    bare->unsent += (size_t)snprintf(bare->out + bare->unsent, COMMAND_BYTES,
                                     "SCAN %s COUNT %d\r\n", bare->cursor, bare->count);
    bare->scanning = true;
    bare->in_flight += bare->count;
    expect(bare, EXPECT_SCAN, "", 0);
}

/* The line at the place, moved past; false: not all of it is there. */
static bool take_line(const struct bare *bare, size_t *at, struct text *ret_line)
{
    const char *begin = bare->in + *at;
    const char *end = memchr(begin, '\n', bare->filled - *at);
    if (!end)
        return false;
    *ret_line = (struct text){begin, (size_t)(end - begin) - 1};
    *at += ret_line->length + 2;
    return true;
}

static bool take_bulk(const struct bare *bare, size_t *at, struct text *ret_bulk)
{
    struct text line;
    if (!take_line(bare, at, &line))
        return false;
    size_t length = (size_t)strtol(line.bytes + 1, NULL, 10);
    if (bare->filled - *at < length + 2)
        return false;
    *ret_bulk = (struct text){bare->in + *at, length};
    *at += length + 2;
    return true;
}

static bool skip_scan(const struct bare *bare, size_t at, size_t *ret_end, long *ret_count)
{
    struct text part;
    if (!take_line(bare, &at, &part) || !take_bulk(bare, &at, &part) ||
        !take_line(bare, &at, &part))
        return false;
    *ret_count = strtol(part.bytes + 1, NULL, 10);
    for (long i = 0; i < *ret_count; i++) {
        if (!take_bulk(bare, &at, &part))
            return false;
    }
    *ret_end = at;
    return true;
}

static bool take_scan(struct bare *bare)
{
    size_t at = bare->start, end;
    long count;
    struct text part;
    if (!skip_scan(bare, at, &end, &count))
        return false;
    take_line(bare, &at, &part);
    take_bulk(bare, &at, &part);
    memcpy(bare->cursor, part.bytes, part.length);
    bare->cursor[part.length] = '\0';
    take_line(bare, &at, &part);
    bare->scanning = false;
    bare->finished = strcmp(bare->cursor, "0") == 0;
    bare->in_flight += (int)count - bare->count;
    bare->keys += count;
    ask_scan(bare);
    for (long i = 0; i < count; i++) {
        take_bulk(bare, &at, &part);
        append(bare, TEXT("TYPE"), part.bytes, part.length);
        expect(bare, EXPECT_TYPE, part.bytes, part.length);
    }
    bare->start = end;
    return true;
}

static struct text length_command(struct text type)
{
    if (text_equals(type, TEXT("+string")))
        return TEXT("STRLEN");
    if (text_equals(type, TEXT("+list")))
        return TEXT("LLEN");
    if (text_equals(type, TEXT("+set")))
        return TEXT("SCARD");
    if (text_equals(type, TEXT("+zset")))
        return TEXT("ZCARD");
    return text_equals(type, TEXT("+hash")) ? TEXT("HLEN") : TEXT("XLEN");
}

static bool take_reply(struct bare *bare)
{
    const struct place *place = &bare->places[bare->first % PLACES];
    struct text line;
    if (place->expected == EXPECT_SCAN) {
        if (!take_scan(bare))
            return false;
        bare->first++;
        return true;
    }
    if (!take_line(bare, &bare->start, &line))
        return false;
    bare->first++;
    if (place->expected == EXPECT_TYPE) {
        append(bare, length_command(line), place->name, place->length);
        expect(bare, EXPECT_LENGTH, place->name, place->length);
    } else {
        bare->in_flight--;
        ask_scan(bare);
    }
    return true;
}

static void flush_out(struct bare *bare)
{
    for (size_t sent = 0; sent < bare->unsent;) {
        ssize_t moved = send(bare->socket, bare->out + sent, bare->unsent - sent, MSG_NOSIGNAL);
        if (moved < 0)
            die("send");
        sent += (size_t)moved;
    }
    bare->unsent = 0;
}

static void run(struct bare *bare)
{
    ask_scan(bare);
    while (bare->first != bare->end) {
        flush_out(bare);
        memmove(bare->in, bare->in + bare->start, bare->filled - bare->start);
        bare->filled -= bare->start;
        bare->start = 0;
        ssize_t got = recv(bare->socket, bare->in + bare->filled, BUFFER_SIZE - bare->filled, 0);
        if (got <= 0)
            die("recv");
        bare->filled += (size_t)got;
        while (bare->first != bare->end && take_reply(bare))
            ;
    }
}

static int parse_number(const char *text, int64_t most)
{
    int64_t number;
    if (text_parse_integer(text_of(text), &number) < 0 || number < 1 || number > most) {
        fprintf(stderr, "%s: not within 1 and %lld\n", text, (long long)most);
        _exit(2);
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    int on = 1;
    if (argc != 4) {
        fprintf(stderr, "usage: dcs_bench_bare PORT COUNT WINDOW\n");
        return 2;
    }
    struct bare bare = {.cursor = "0",
                        .socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                        .count = parse_number(argv[2], WINDOW_MOST),
                        .window = parse_number(argv[3], WINDOW_MOST),
                        .places = calloc(PLACES, sizeof(struct place)),
                        .in = malloc(BUFFER_SIZE),
                        .out = malloc(BUFFER_SIZE)};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)parse_number(argv[1], PORT_MOST))};
    if (!bare.places || !bare.in || !bare.out)
        abort();
    if (connect(bare.socket, (struct sockaddr *)&address, sizeof(address)) < 0)
        die("connect");
    setsockopt(bare.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int64_t began = clock_monotonic_us();
    run(&bare);
    double seconds = (double)(clock_monotonic_us() - began) / 1e6;
    printf("%lld %.3f %.0f\n", bare.keys, seconds, (double)bare.keys / seconds);
    close(bare.socket);
    free(bare.places);
    free(bare.in);
    free(bare.out);
    return 0;
}
