/* Listening sockets, opened before the loops run, so that a bad address ends the start. */
#include "base/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"

/* Accepted sockets inherit the buffers, so that nobody makes the kernel hold megabytes, and that
 * one read cannot take much more than a request: the kernel doubles both.  A peer that acknowledges
 * nothing is given up. */
enum {
    HOST_MAX = 255,
    BACKLOG = 4096,
    RECEIVE_BYTES = 32 * 1024,
    SEND_BYTES = 64 * 1024,
    UNACKNOWLEDGED_MS = 30000,
};

static void addresses_cleanup(struct addrinfo **addresses)
{
    if (*addresses)
        freeaddrinfo(*addresses);
}

static int split(const char *setting, const char *address, char host[HOST_MAX + 1], char port[8],
                 struct error *err)
{
    const char *colon = strrchr(address, ':');
    int64_t number;
    if (!colon || text_parse_integer(text_of(colon + 1), &number) < 0 || number < 0 ||
        number > 65535 || colon - address > HOST_MAX)
        return error_set(err, ERROR_CONFIG, "%s: '%s' is not address:port", setting, address);
    size_t length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    memcpy(host, address, length);
    host[length] = '\0';
    snprintf(port, 8, "%d", (int)number);
    return 0;
}

int listener_check(const char *setting, const char *address, struct error *err)
{
    char host[HOST_MAX + 1], port[8];
    return address[0] == '\0' ? 0 : split(setting, address, host, port, err);
}

static int port_of(int descriptor)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void set_port(struct sockaddr *address, int port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

static void set_options(int descriptor)
{
    int on = 1, receive = RECEIVE_BYTES, send = SEND_BYTES;
    unsigned unacknowledged = UNACKNOWLEDGED_MS;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
}

/* SO_REUSEPORT would let a second server of the same user in, and the kernel deal the connections
 * out to both. */
static int open_one(const struct addrinfo *address, bool shared)
{
    int on = 1;
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -1;
    set_options(descriptor);
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (!shared || setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
        bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(descriptor, BACKLOG) == 0)
        return descriptor;
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

int listener_open(const char *setting, const char *address, int count, int *ret_descriptors,
                  int *ret_port, struct error *err)
{
    char host[HOST_MAX + 1], port[8];
    if (split(setting, address, host, port, err) < 0)
        return -1;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    SCOPED(addresses_cleanup) struct addrinfo *found = NULL;
    int status = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (status != 0)
        return error_set(err, ERROR_CONFIG, "%s: %s: %s", setting, address, gai_strerror(status));
    int alone = open_one(found, false);
    if (alone < 0)
        return error_set(err, ERROR_CONFIG, "%s: %s: %s", setting, address, strerror(errno));
    if (count == 1) {
        ret_descriptors[0] = alone;
        *ret_port = port_of(alone);
        return 0;
    }
    close(alone);
    for (int i = 0; i < count; i++) {
        ret_descriptors[i] = open_one(found, true);
        if (ret_descriptors[i] < 0) {
            error_set(err, ERROR_CONFIG, "%s: %s: %s", setting, address, strerror(errno));
            while (i-- > 0)
                close(ret_descriptors[i]);
            return -1;
        }
        *ret_port = port_of(ret_descriptors[i]);
        set_port(found->ai_addr, *ret_port);
    }
    return 0;
}
