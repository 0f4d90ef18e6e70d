/* Loopback only; what fails here fails the test by its own deadline. */
#include "fake_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scope.h"

enum { TIMEOUT_MS = 2000, SMALL_BUFFER = 64 << 10, INPUT_MAX = 1 << 20, OUTPUT_MAX = 1 << 20 };

struct input {
    char bytes[INPUT_MAX];
    size_t start, end;
};

static void *run(void *argument)
{
    struct fake_server *server = argument;
    SCOPED(scope_close) int socket = accept(server->listener, NULL, NULL);
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* as Redis does */
    if (socket >= 0)
        server->serve(socket, server->argument);
    return NULL;
}

void fake_server_start(struct fake_server *server, void (*serve)(int socket, void *argument),
                       void *argument)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int small = SMALL_BUFFER; /* so that a client's writes can be stopped */
    *server = (struct fake_server){.serve = serve, .argument = argument};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    if (bind(server->listener, (struct sockaddr *)&address, size) < 0 ||
        listen(server->listener, 1) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) < 0 ||
        pthread_create(&server->thread, NULL, run, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
}

void fake_server_stop(struct fake_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static struct outbound *anywhere;

static void make_anywhere(void)
{
    anywhere = outbound_new_anywhere();
}

struct outbound *fake_outbound(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_anywhere);
    return anywhere;
}

struct redis_target fake_server_target(const struct fake_server *server)
{
    return (struct redis_target){.endpoint = {.host = "127.0.0.1", .port = server->port},
                                 .outbound = fake_outbound(),
                                 .connect_timeout_ms = TIMEOUT_MS,
                                 .reply_timeout_ms = TIMEOUT_MS};
}

void fake_send(int socket, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t moved = send(socket, bytes, length, MSG_NOSIGNAL);
        if (moved <= 0)
            return;
        bytes += moved;
        length -= (size_t)moved;
    }
}

void fake_send_text(int socket, const char *text)
{
    fake_send(socket, text, strlen(text));
}

/* One line of the input, without its end; false at the end of the connection. */
static bool take_line(int socket, struct input *input, struct text *ret_line)
{
    for (;;) {
        char *start = input->bytes + input->start;
        char *end = memmem(start, input->end - input->start, "\r\n", 2);
        if (end) {
            *ret_line = (struct text){start, (size_t)(end - start)};
            input->start += ret_line->length + 2;
            return true;
        }
        /* Lines taken earlier for this command still point into the buffer. */
        assert(input->end < sizeof(input->bytes));
        ssize_t moved =
            recv(socket, input->bytes + input->end, sizeof(input->bytes) - input->end, 0);
        if (moved <= 0)
            return false;
        input->end += (size_t)moved;
    }
}

/* Words must not hold line ends, which tests can do without.  Returns their count, or -1. */
static int take_command(int socket, struct input *input, struct text words[FAKE_WORDS_MAX])
{
    struct text line;
    int64_t count;
    if (input->start > sizeof(input->bytes) / 2) {
        memmove(input->bytes, input->bytes + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (!take_line(socket, input, &line) || line.bytes[0] != '*' ||
        text_parse_integer((struct text){line.bytes + 1, line.length - 1}, &count) < 0 ||
        count > FAKE_WORDS_MAX)
        return -1;
    for (int i = 0; i < count; i++) {
        if (!take_line(socket, input, &line) || !take_line(socket, input, &words[i]))
            return -1;
    }
    return (int)count;
}

void fake_skip_commands(int socket, int count)
{
    SCOPED(scope_free) struct input *input = calloc(1, sizeof(*input));
    struct text words[FAKE_WORDS_MAX];
    while (count-- > 0 && take_command(socket, input, words) >= 0)
        ;
}

void fake_wait_closed(int socket)
{
    char bytes[4096];
    while (recv(socket, bytes, sizeof(bytes), 0) > 0)
        ;
}

void fake_reset(int socket)
{
    struct linger none = {.l_onoff = 1};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

void fake_greet(int socket)
{
    fake_skip_commands(socket, 3);
    fake_send_text(socket, "+OK\r\n-ERR Unknown subcommand\r\n-ERR Unknown subcommand\r\n");
}

void fake_serve_commands(int socket, fake_answer_fn *answer, void *argument)
{
    SCOPED(scope_free) struct input *input = calloc(1, sizeof(*input));
    SCOPED(scope_free) char *output = malloc(OUTPUT_MAX);
    struct text words[FAKE_WORDS_MAX];
    int count;
    while ((count = take_command(socket, input, words)) >= 0)
        fake_send(socket, output, answer(argument, words, count, output, OUTPUT_MAX));
}
