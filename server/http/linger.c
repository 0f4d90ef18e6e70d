/* Connections that were refused and are only read to their end, or to ours. */
#include "linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINGER_MS = 2000, READS_AT_ONCE = 16, DISCARD_BYTES = 64 * 1024 };

struct lingering {
    h2o_linklist_t link;
    struct loop *loop;
    h2o_socket_t *socket;
    int64_t deadline_ms;
};

static void end(struct lingering *lingering)
{
    h2o_linklist_unlink(&lingering->link);
    lingering->loop->lingering_count--;
    h2o_socket_close(lingering->socket);
    free(lingering);
}

static void on_readable(h2o_socket_t *socket, const char *err)
{
    struct lingering *lingering = socket->data;
    static _Thread_local char discarded[DISCARD_BYTES];
    ssize_t length = err ? 0 : 1;
    for (int i = 0; length > 0 && i < READS_AT_ONCE; i++) {
        length = recv(h2o_socket_get_fd(socket), discarded, sizeof(discarded), MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            return;
    }
    if (length <= 0)
        end(lingering);
}

void linger(struct loop *loop, int descriptor)
{
    shutdown(descriptor, SHUT_WR);
    if (loop->lingering_count >= LINGERING_MAX) {
        close(descriptor);
        return;
    }
    struct lingering *lingering = calloc(1, sizeof(*lingering));
    if (!lingering)
        abort();
    lingering->loop = loop;
    lingering->deadline_ms = clock_monotonic_ms() + LINGER_MS;
    lingering->socket =
        h2o_evloop_socket_create(loop->h2o.loop, descriptor, H2O_SOCKET_FLAG_DONT_READ);
    lingering->socket->data = lingering;
    h2o_linklist_insert(&loop->lingering, &lingering->link);
    loop->lingering_count++;
    h2o_socket_read_start(lingering->socket, on_readable);
}

static void end_until(struct loop *loop, int64_t moment_ms)
{
    h2o_linklist_t *node = loop->lingering.next;
    while (node != &loop->lingering) {
        struct lingering *lingering = H2O_STRUCT_FROM_MEMBER(struct lingering, link, node);
        node = node->next;
        if (lingering->deadline_ms <= moment_ms)
            end(lingering);
    }
}

void linger_tick(struct loop *loop)
{
    end_until(loop, clock_monotonic_ms());
}

void linger_end(struct loop *loop)
{
    end_until(loop, INT64_MAX);
}
