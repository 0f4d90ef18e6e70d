/* A client of many connections, each of which has asked once and then says nothing.
 *
 *     dcs_idle PORT ADDRESSES REQUEST_FILE [CA_FILE]
 *
 * Does what lines of its input say: `open N` opens until N are open, from as many addresses from
 * 127.2.0.1 on in turn, and asks once on each new one; `ask` asks once more on every one.  Each is
 * answered by one line of JSON: how many are open, how many were asked, and how many of these
 * answered 200.  The request is the first one of a file that `load` takes as well.  With a CA_FILE
 * it speaks TLS.  Its input's end ends it.  One thread. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

/* AT_ONCE wait for their answers while others are asked. */
enum { CONNECTIONS_MAX = 100000, AT_ONCE = 64, REQUEST_MAX = 65536, ANSWER_MAX = 65536 };
enum { SILENCE_SECONDS = 30 };

struct connection {
    int descriptor; /* -1: lost */
    SSL *ssl;
};

static struct {
    int port, addresses;
    SSL_CTX *tls;
    char request[REQUEST_MAX];
    size_t length;
    struct connection connections[CONNECTIONS_MAX];
    int count;
} idle;

static void lose(struct connection *connection)
{
    SSL_free(connection->ssl);
    if (connection->descriptor >= 0)
        close(connection->descriptor);
    *connection = (struct connection){.descriptor = -1};
}

static void dial(struct connection *connection, int number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)idle.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct timeval silence = {.tv_sec = SILENCE_SECONDS};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(0x7f020001U + (uint32_t)(number % idle.addresses));
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *connection = (struct connection){.descriptor = descriptor};
    if (descriptor < 0)
        return;
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    if (bind(descriptor, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        connect(descriptor, (struct sockaddr *)&to, sizeof(to)) < 0)
        lose(connection);
}

static void shake_hands(struct connection *connection)
{
    if (!idle.tls || connection->descriptor < 0)
        return;
    connection->ssl = SSL_new(idle.tls);
    SSL_set_fd(connection->ssl, connection->descriptor);
    if (SSL_connect(connection->ssl) != 1)
        lose(connection);
}

static void ask(struct connection *connection)
{
    if (connection->descriptor < 0)
        return;
    ssize_t sent = connection->ssl
                       ? SSL_write(connection->ssl, idle.request, (int)idle.length)
                       : send(connection->descriptor, idle.request, idle.length, MSG_NOSIGNAL);
    if (sent != (ssize_t)idle.length)
        lose(connection);
}

/* All of it is there: negative where the head has no length. */
static int is_complete(const char *answer, size_t length)
{
    static const char name[] = "\r\ncontent-length:";
    const char *end = strstr(answer, "\r\n\r\n"), *found = strcasestr(answer, name);
    if (!end)
        return 0;
    if (!found || found > end)
        return -1;
    size_t body = strtoul(found + sizeof(name) - 1, NULL, 10);
    return length >= (size_t)(end + 4 - answer) + body;
}

static bool is_answered(struct connection *connection)
{
    static char answer[ANSWER_MAX + 1];
    size_t length = 0;
    int complete = 0;
    while (connection->descriptor >= 0 && complete == 0) {
        size_t room = ANSWER_MAX - length;
        ssize_t got = connection->ssl ? SSL_read(connection->ssl, answer + length, (int)room)
                                      : recv(connection->descriptor, answer + length, room, 0);
        if (room == 0 || got <= 0) {
            lose(connection);
            return false;
        }
        length += (size_t)got;
        answer[length] = '\0';
        complete = is_complete(answer, length);
    }
    return complete > 0 && strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
}

static int ask_all(int from, int to)
{
    int answered = 0;
    for (int begin = from; begin < to; begin += AT_ONCE) {
        int end = begin + AT_ONCE < to ? begin + AT_ONCE : to;
        for (int i = begin; i < end; i++)
            ask(&idle.connections[i]);
        for (int i = begin; i < end; i++)
            answered += is_answered(&idle.connections[i]);
    }
    return answered;
}

static int open_until(int count)
{
    int answered = 0;
    while (idle.count < count) {
        int begin = idle.count, end = begin + AT_ONCE < count ? begin + AT_ONCE : count;
        for (int i = begin; i < end; i++)
            dial(&idle.connections[i], i);
        for (int i = begin; i < end; i++)
            shake_hands(&idle.connections[i]);
        answered += ask_all(begin, end);
        idle.count = end;
    }
    return answered;
}

static void report(int asked, int answered)
{
    int open = 0;
    for (int i = 0; i < idle.count; i++)
        open += idle.connections[i].descriptor >= 0;
    printf("{\"open\": %d, \"asked\": %d, \"answered\": %d}\n", open, asked, answered);
    fflush(stdout);
}

static bool obey(const char *line)
{
    int count = 0, before = idle.count;
    if (strcmp(line, "ask\n") == 0) {
        report(idle.count, ask_all(0, idle.count));
        return true;
    }
    if (strncmp(line, "open ", 5) == 0)
        count = (int)strtol(line + 5, NULL, 10);
    if (count < before || count > CONNECTIONS_MAX)
        return false;
    int answered = open_until(count);
    report(count - before, answered);
    return true;
}

static bool read_request(const char *path)
{
    FILE *file = fopen(path, "re");
    char length[16];
    if (!file)
        return false;
    if (fgets(length, sizeof(length), file))
        idle.length = strtoul(length, NULL, 10);
    bool is_there = idle.length > 0 && idle.length <= sizeof(idle.request) &&
                    fread(idle.request, idle.length, 1, file) == 1;
    fclose(file);
    return is_there;
}

static bool use_tls(const char *path)
{
    idle.tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(idle.tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(idle.tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(idle.tls, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_load_verify_file(idle.tls, path) == 1;
}

int main(int argc, char **argv)
{
    char line[64];
    struct rlimit limit;
    idle.port = argc > 3 ? (int)strtol(argv[1], NULL, 10) : 0;
    idle.addresses = argc > 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (argc < 4 || argc > 5 || idle.port < 1 || idle.addresses < 1 || !read_request(argv[3]) ||
        (argc == 5 && !use_tls(argv[4]))) {
        fprintf(stderr, "dcs_idle PORT ADDRESSES REQUEST_FILE [CA_FILE]\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    bool obeyed = true;
    while (obeyed && fgets(line, sizeof(line), stdin))
        obeyed = obey(line);
    for (int i = 0; i < idle.count; i++)
        lose(&idle.connections[i]);
    SSL_CTX_free(idle.tls);
    return obeyed ? 0 : 2;
}
