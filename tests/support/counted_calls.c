/* Preloaded, it counts what a program calls of the C library: allocations, and what goes to and
 * comes from descriptors.  The file named by COUNTED_CALLS_FILE has a record for each function,
 * its name and how often it was called since the file was made, and can be read at any moment.
 * What the C library calls by itself is not seen, but for its allocations. */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The second name of a function is that which FORTIFY calls. */
#define COUNTED(X)                                                                                 \
    X(malloc)                                                                                      \
    X(calloc)                                                                                      \
    X(realloc)                                                                                     \
    X(read)                                                                                        \
    X(readv)                                                                                       \
    X(recv)                                                                                        \
    X(recvfrom)                                                                                    \
    X(recvmsg)                                                                                     \
    X(write)                                                                                       \
    X(writev)                                                                                      \
    X(send)                                                                                        \
    X(sendto)                                                                                      \
    X(sendmsg)                                                                                     \
    X(poll)                                                                                        \
    X(epoll_wait)                                                                                  \
    X(epoll_ctl)

enum function {
#define NUMBER(name) FUNCTION_##name,
    COUNTED(NUMBER) FUNCTION_COUNT
};

struct record {
    char name[24];
    _Atomic uint64_t calls;
};

_Static_assert(sizeof(struct record) == 32, "as counted_calls.mjs reads it");

/* Until there is a file. */
static struct record nowhere[FUNCTION_COUNT];
static struct record *records = nowhere;

__attribute__((constructor)) static void open_records(void)
{
    static const char *const names[] = {
#define NAME(name) #name,
        COUNTED(NAME)};
    const char *path = getenv("COUNTED_CALLS_FILE");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof(nowhere)) < 0)
        abort();
    void *map = mmap(NULL, sizeof(nowhere), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED)
        abort();
    close(file);
    records = map;
    for (int i = 0; i < FUNCTION_COUNT; i++)
        strncpy(records[i].name, names[i], sizeof(records[i].name) - 1);
}

static void count(enum function function)
{
    atomic_fetch_add_explicit(&records[function].calls, 1, memory_order_relaxed);
}

/* By their own names in the C library, as dlsym() would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    count(FUNCTION_malloc);
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
    count(FUNCTION_calloc);
    return __libc_calloc(members, size);
}

void *realloc(void *memory, size_t size)
{
    count(FUNCTION_realloc);
    return __libc_realloc(memory, size);
}

/* Counts a call as one of `counted`, and makes it. */
#define FORWARD(counted, type, name, parameters, arguments)                                        \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*_Atomic next) parameters;                                                     \
        if (!next)                                                                                 \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        count(FUNCTION_##counted);                                                                 \
        return next arguments;                                                                     \
    }

FORWARD(read, ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
FORWARD(read, ssize_t, __read_chk, (int fd, void *bytes, size_t size, size_t room),
        (fd, bytes, size, room))
FORWARD(readv, ssize_t, readv, (int fd, const struct iovec *parts, int part_count),
        (fd, parts, part_count))
FORWARD(recv, ssize_t, recv, (int fd, void *bytes, size_t size, int flags),
        (fd, bytes, size, flags))
FORWARD(recv, ssize_t, __recv_chk, (int fd, void *bytes, size_t size, size_t room, int flags),
        (fd, bytes, size, room, flags))
FORWARD(recvfrom, ssize_t, recvfrom,
        (int fd, void *restrict bytes, size_t size, int flags, struct sockaddr *restrict from,
         socklen_t *restrict length),
        (fd, bytes, size, flags, from, length))
FORWARD(recvmsg, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags),
        (fd, message, flags))
FORWARD(write, ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
FORWARD(writev, ssize_t, writev, (int fd, const struct iovec *parts, int part_count),
        (fd, parts, part_count))
FORWARD(send, ssize_t, send, (int fd, const void *bytes, size_t size, int flags),
        (fd, bytes, size, flags))
FORWARD(sendto, ssize_t, sendto,
        (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
         socklen_t length),
        (fd, bytes, size, flags, to, length))
FORWARD(sendmsg, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
        (fd, message, flags))
FORWARD(poll, int, poll, (struct pollfd * fds, nfds_t fd_count, int timeout_ms),
        (fds, fd_count, timeout_ms))
FORWARD(poll, int, __poll_chk, (struct pollfd * fds, nfds_t fd_count, int timeout_ms, size_t room),
        (fds, fd_count, timeout_ms, room))
FORWARD(epoll_wait, int, epoll_wait,
        (int epoll, struct epoll_event *events, int events_max, int timeout_ms),
        (epoll, events, events_max, timeout_ms))
FORWARD(epoll_ctl, int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
        (epoll, operation, fd, event))
