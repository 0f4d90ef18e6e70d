/* Whom scans dial: the address of every call of connect() is noted, whatever comes of it.
 *
 *     dcs_dials ALLOWED [OWN:PORT=WHAT ...]
 *
 * ALLOWED is the policy's list of networks, each OWN an address of the program's own.  A line of
 * standard input is a scan, `TIMEOUT_MS LAYOUT ENDPOINTS MAP MASTER` for big keys, where - is no
 * map and no master; a line of JSON comes back for each: status, code, reason, and dialled, an
 * array of `address:port`.
 *
 * A name `A.v4.test` is the address A, `A.v6.test` A with '-' for ':', and `A.twice.test` is
 * 127.0.0.1 when it is looked up first, and A (IPv4) ever after.  An address with a dot behind it
 * is that address, as lenient resolvers have it; `localhost` is asked of the system; there are no
 * other names. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json_writer.h"
#include "scan/scan.h"

enum { DIALLED_MAX = 64, DIALLED_TEXT_MAX = 64, OWN_MAX = 8, WAIT_MS = 5000 };

static struct {
    pthread_mutex_t mutex;
    char dialled[DIALLED_MAX][DIALLED_TEXT_MAX];
    int count;
    int lookups; /* of names that change */
} seen = {.mutex = PTHREAD_MUTEX_INITIALIZER};

int __real_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length);
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses);

/* Once, however often it is dialled. */
static void note(const char *host, const char *port)
{
    char text[DIALLED_TEXT_MAX];
    int i = 0;
    snprintf(text, sizeof(text), "%s:%s", host, port);
    pthread_mutex_lock(&seen.mutex);
    while (i < seen.count && strcmp(seen.dialled[i], text) != 0)
        i++;
    if (i == DIALLED_MAX)
        abort();
    memcpy(seen.dialled[i], text, sizeof(text));
    seen.count += i == seen.count;
    pthread_mutex_unlock(&seen.mutex);
}

/* Only loopback is really dialled, so that no test knocks at strangers' doors. */
int __wrap_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    char host[INET6_ADDRSTRLEN], port[8];
    if (getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        abort();
    note(host, port);
    if (strncmp(host, "127.", 4) == 0)
        return __real_connect(descriptor, address, length);
    errno = ECONNREFUSED;
    return -1;
}

/* Whether the host ends so; what is before goes to ret_address. */
static bool take_scripted(const char *host, const char *suffix, char ret_address[NI_MAXHOST])
{
    size_t length = strlen(host), end = strlen(suffix);
    if (length <= end || length - end >= NI_MAXHOST || strcmp(host + length - end, suffix) != 0)
        return false;
    memcpy(ret_address, host, length - end);
    ret_address[length - end] = '\0';
    return true;
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret_addresses)
{
    char address[NI_MAXHOST];
    if (!host || (hints->ai_flags & AI_NUMERICHOST))
        return __real_getaddrinfo(host, port, hints, ret_addresses);
    if (take_scripted(host, ".v6.test", address)) {
        for (char *c = address; *c; c++)
            *c = *c == '-' ? ':' : *c;
    } else if (take_scripted(host, ".twice.test", address)) {
        pthread_mutex_lock(&seen.mutex);
        if (seen.lookups++ == 0)
            snprintf(address, sizeof(address), "127.0.0.1");
        pthread_mutex_unlock(&seen.mutex);
    } else if (!take_scripted(host, ".v4.test", address) && !take_scripted(host, ".", address)) {
        if (strncasecmp(host, "localhost", strlen("localhost")) != 0)
            return EAI_NONAME;
        snprintf(address, sizeof(address), "%s", host);
    }
    return __real_getaddrinfo(address, port, hints, ret_addresses);
}

static int parse_layout(const char *name, enum scan_layout *ret_layout)
{
    static const char *const names[] = {
        [SCAN_ONE_SERVER] = "one", [SCAN_REPLICATED] = "replicated", [SCAN_CLUSTER] = "cluster"};
    for (int i = SCAN_ONE_SERVER; i <= SCAN_CLUSTER; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_layout = (enum scan_layout)i;
            return 0;
        }
    }
    return -1;
}

static const char *unless_none(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static int parse_request(char *line, struct outbound *outbound, struct scan_request *ret_request)
{
    char *words[5], *rest = line;
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 5; i++) {
        words[i] = strsep(&rest, " ");
        if (!words[i])
            return -1;
    }
    *ret_request = (struct scan_request){.kind = &scan_kinds[SCAN_KIND_BIGKEY],
                                         .endpoints = words[2],
                                         .address_map = unless_none(words[3]),
                                         .sentinel_master = unless_none(words[4]),
                                         .batch_keys = 100,
                                         .nodes_at_once = 2,
                                         .profile = SCAN_FAST};
    ret_request->target = (struct redis_target){
        .outbound = outbound, .connect_timeout_ms = WAIT_MS, .reply_timeout_ms = WAIT_MS};
    const struct text first = {words[2], strcspn(words[2], ",")};
    return text_parse_integer(text_of(words[0]), &ret_request->timeout_ms) < 0 ||
                   parse_layout(words[1], &ret_request->layout) < 0 ||
                   endpoint_parse(first, &ret_request->target.endpoint) < 0
               ? -1
               : 0;
}

static void show(const struct error *err)
{
    struct json_writer writer;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_text(&writer, "status", err->code == ERROR_NONE ? "success" : "failed");
    json_writer_member_text(&writer, "code", error_describe(err->code)->symbol);
    json_writer_member_text(&writer, "reason", err->text);
    json_writer_name(&writer, "dialled");
    json_writer_begin_array(&writer);
    for (int i = 0; i < seen.count; i++)
        json_writer_text(&writer, seen.dialled[i], strlen(seen.dialled[i]));
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    puts(writer.text);
    json_writer_release(&writer);
    fflush(stdout);
}

static void run(char *line, struct outbound *outbound)
{
    struct scan_request request;
    struct scan_outcome outcome = {0};
    struct error err = {0};
    seen.count = seen.lookups = 0;
    if (parse_request(line, outbound, &request) < 0)
        error_set(&err, ERROR_INVALID_PARAMETER, "no scan");
    else if (scan_run(&request, &outcome, &err) == 0)
        scan_outcome_release(&outcome);
    show(&err);
}

static int add_own(struct outbound *outbound, int count, char **words)
{
    struct outbound_place places[OWN_MAX];
    for (int i = 0; i < count; i++) {
        char *equals = strchr(words[i], '=');
        struct endpoint endpoint;
        if (i == OWN_MAX || !equals ||
            endpoint_parse((struct text){words[i], (size_t)(equals - words[i])}, &endpoint) < 0 ||
            address_parse(text_of(endpoint.host), &places[i].address) < 0)
            return -1;
        places[i].port = endpoint.port;
        places[i].what = equals + 1;
    }
    outbound_set_own(outbound, places, count);
    return 0;
}

int main(int argc, char **argv)
{
    struct outbound *outbound;
    struct error err = {0};
    char line[8192];
    if (argc < 2 ||
        outbound_new(&(struct outbound_settings){"the list", argv[1], ""}, &outbound, &err) < 0 ||
        add_own(outbound, argc - 2, argv + 2) < 0) {
        fprintf(stderr, "usage: dcs_dials ALLOWED [OWN:PORT=WHAT ...]\n%s\n", err.text);
        return 2;
    }
    while (fgets(line, sizeof(line), stdin))
        run(line, outbound);
    outbound_free(outbound);
    return 0;
}
