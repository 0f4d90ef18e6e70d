/* Sockets: every address of a name is tried, each with its share of the time, and no wait is longer
 * than the interval at which the interrupt wants to be asked. */
#include "stream.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/outbound.h"
#include "resolver.h"
#include "tls.h"

/* "connection refused", "no route to host" */
static int fail_with_errno(int number, struct error *err)
{
    char reason[128];
    const char *text = strerrordesc_np(number);
    snprintf(reason, sizeof(reason), "%s", text ? text : "unknown error");
    if (reason[0] >= 'A' && reason[0] <= 'Z')
        reason[0] = (char)(reason[0] + ('a' - 'A'));
    return error_set(err, ERROR_REDIS_CONNECTION, "%s", reason);
}

int stream_check(struct stream *stream, int64_t now, struct error *err)
{
    if (!stream->interrupt.ask || now - stream->asked_at < REDIS_INTERRUPT_INTERVAL_MS)
        return 0;
    stream->asked_at = now;
    return stream->interrupt.ask(stream->interrupt.argument, err);
}

int stream_wait(struct stream *stream, bool to_read, bool to_write, int64_t deadline,
                struct error *err)
{
    short events = (short)((to_read ? POLLIN : 0) | (to_write ? POLLOUT : 0));
    for (;;) {
        struct pollfd watched = {.fd = stream->socket, .events = events};
        int64_t now = clock_monotonic_ms();
        if (stream_check(stream, now, err) < 0)
            return -1;
        if (now >= deadline)
            return 0;
        int64_t slice = deadline - now;
        if (slice > REDIS_INTERRUPT_INTERVAL_MS)
            slice = REDIS_INTERRUPT_INTERVAL_MS;
        if (poll(&watched, 1, (int)slice) > 0)
            return 1;
    }
}

static void close_socket(struct stream *stream)
{
    if (stream->socket >= 0)
        close(stream->socket);
    stream->socket = -1;
}

/* Returns 0, -1 where the interrupt says so, or an error number. */
static int connect_address(struct stream *stream, const struct addrinfo *address, int64_t deadline,
                           struct error *err)
{
    int on = 1, failure = 0;
    socklen_t size = sizeof(failure);
    stream->socket =
        socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (stream->socket < 0)
        return errno;
    setsockopt(stream->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(stream->socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    if (connect(stream->socket, address->ai_addr, address->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    int ready = stream_wait(stream, false, true, deadline, err);
    if (ready <= 0)
        return ready < 0 ? -1 : ETIMEDOUT;
    if (getsockopt(stream->socket, SOL_SOCKET, SO_ERROR, &failure, &size) < 0)
        return errno;
    return failure;
}

/* Nothing but these addresses is dialled, and each was checked as it stands here. */
static int connect_any(struct stream *stream, struct outbound *outbound,
                       const struct addrinfo *addresses, int64_t deadline, struct error *err)
{
    int failure = 0, left = 0;
    struct error refusal = {0};
    for (const struct addrinfo *address = addresses; address; address = address->ai_next)
        left++;
    for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
        int64_t now = clock_monotonic_ms(), until = now + (deadline - now) / left--;
        if (outbound_check(outbound, address->ai_addr, &refusal) < 0)
            continue;
        failure = connect_address(stream, address, until, err);
        if (failure == 0)
            return 0;
        close_socket(stream);
        if (failure < 0)
            return -1;
    }
    if (failure > 0)
        return fail_with_errno(failure, err);
    return error_set(err, refusal.code, "%s", refusal.text);
}

static int connect_endpoint(struct stream *stream, const struct redis_target *target,
                            int64_t deadline, struct error *err)
{
    struct addrinfo *addresses = NULL;
    assert(target->outbound);
    if (resolver_find(stream, &target->endpoint, deadline, &addresses, err) < 0)
        return -1;
    int result = connect_any(stream, target->outbound, addresses, deadline, err);
    freeaddrinfo(addresses);
    return result;
}

int stream_open(struct stream *stream, const struct redis_target *target,
                struct redis_interrupt interrupt, int64_t deadline, struct error *err)
{
    *stream = (struct stream){.socket = -1, .interrupt = interrupt};
    if (connect_endpoint(stream, target, deadline, err) < 0)
        return -1;
    return target->tls ? tls_open(stream, target, deadline, err) : 0;
}

void stream_release(struct stream *stream)
{
    tls_release(stream);
    close_socket(stream);
}

static bool is_not_ready(int number)
{
    return number == EAGAIN || number == EINTR;
}

ptrdiff_t stream_read(struct stream *stream, char *bytes, size_t size, struct error *err)
{
    if (stream->ssl)
        return tls_read(stream, bytes, size, err);
    ptrdiff_t moved = recv(stream->socket, bytes, size, 0);
    if (moved > 0)
        return moved;
    if (moved == 0)
        return error_set(err, ERROR_REDIS_CONNECTION, "connection closed by the server");
    return is_not_ready(errno) ? 0 : fail_with_errno(errno, err);
}

ptrdiff_t stream_write(struct stream *stream, const char *bytes, size_t length, struct error *err)
{
    if (stream->ssl)
        return tls_write(stream, bytes, length, err);
    ptrdiff_t moved = send(stream->socket, bytes, length, MSG_NOSIGNAL);
    if (moved >= 0)
        return moved;
    return is_not_ready(errno) ? 0 : fail_with_errno(errno, err);
}

void stream_set_receive_buffer(struct stream *stream, int bytes)
{
    setsockopt(stream->socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}
