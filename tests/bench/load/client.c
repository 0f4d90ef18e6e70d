/* Sockets and TLS.  A session is kept from the ticket that came with the connection before, and
 * closing sends close_notify: OpenSSL forgets the session of a connection that just ends. */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <openssl/err.h>

enum { FIRST_SOURCE = 0x7f010001, HOST_MAX = 256 };

static int refuse(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return -1;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct client *client = SSL_get_app_data(ssl);
    SSL_SESSION_free(client->session);
    client->session = session;
    return 1;
}

static int init_tls(struct target *target, const char *host, const char *ca)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL_CTX *tls = target->tls = SSL_CTX_new(TLS_client_method());
    if (!tls)
        return refuse("TLS", "no context");
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    /* A record is read by one call, not by two. */
    SSL_CTX_set_read_ahead(tls, 1);
    SSL_CTX_set_alpn_protos(tls, protocols, sizeof(protocols) - 1);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(tls, keep_session);
    if (!ca)
        return 0;
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(tls);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1)
        X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_load_verify_locations(tls, ca, NULL) == 1 ? 0 : refuse(ca, "no certificates");
}

static int resolve(struct target *target, const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0)
        return refuse(host, gai_strerror(failure));
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static bool is_loopback(const struct target *target)
{
    const struct sockaddr_in *address = (const struct sockaddr_in *)&target->address;
    return address->sin_family == AF_INET && ntohl(address->sin_addr.s_addr) >> 24 == 127;
}

int target_init(struct target *target, const char *url, const char *ca)
{
    char scheme[6], host[HOST_MAX], port[6] = "";
    int end = 0;
    if (sscanf(url, "%5[a-z]://%255[^]/:[]%n:%5[0-9]%n", scheme, host, &end, port, &end) < 2 ||
        (url[end] && strcmp(url + end, "/") != 0))
        return refuse(url, "not http[s]://host:port");
    bool secure = strcmp(scheme, "https") == 0;
    if (!secure && strcmp(scheme, "http") != 0)
        return refuse(url, "neither http nor https");
    if (resolve(target, host, port[0] ? port : scheme) < 0)
        return -1;
    if (secure && init_tls(target, host, ca) < 0)
        return -1;
    if (!is_loopback(target))
        target->sources = 0;
    target->epoll = epoll_create1(EPOLL_CLOEXEC);
    return target->epoll < 0 ? refuse("epoll", strerror(errno)) : 0;
}

void target_release(struct target *target)
{
    SSL_CTX_free(target->tls);
    if (target->epoll >= 0)
        close(target->epoll);
}

/* The port is chosen when the peer is known, so that one in TIME_WAIT can be taken again. */
static int bind_source(const struct client *client, const struct target *target)
{
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET};
    if (target->sources == 0)
        return 0;
    from.sin_addr.s_addr = htonl(FIRST_SOURCE + client->number % target->sources);
    setsockopt(client->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(client->descriptor, (struct sockaddr *)&from, sizeof(from));
}

/* OpenSSL uses a session once; a server that gives no new ticket means the old one to be used on.
 */
static int begin_tls(struct client *client, const struct target *target)
{
    client->ssl = SSL_new(target->tls);
    if (!client->ssl || SSL_set_fd(client->ssl, client->descriptor) != 1)
        return -1;
    SSL_set_app_data(client->ssl, client);
    SSL_set_connect_state(client->ssl);
    if (!target->resumes || !client->session)
        return 0;
    SSL_SESSION *copy = SSL_SESSION_dup(client->session);
    int set = copy ? SSL_set_session(client->ssl, copy) : 0;
    SSL_SESSION_free(copy);
    return set == 1 ? 0 : -1;
}

int client_open(struct client *client, struct target *target)
{
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = client};
    client->descriptor =
        socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0)
        return -1;
    client->state = CLIENT_CONNECTING;
    setsockopt(client->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind_source(client, target) < 0 ||
        (connect(client->descriptor, (struct sockaddr *)&target->address, target->address_length) <
             0 &&
         errno != EINPROGRESS) ||
        (target->tls && begin_tls(client, target) < 0) ||
        epoll_ctl(target->epoll, EPOLL_CTL_ADD, client->descriptor, &event) < 0) {
        int reason = errno;
        client_close(client);
        errno = reason;
        return -1;
    }
    return 0;
}

static bool must_wait(const struct client *client, int result)
{
    int reason = SSL_get_error(client->ssl, result);
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
}

static int shake_hands(struct client *client)
{
    ERR_clear_error();
    int result = SSL_do_handshake(client->ssl);
    if (result == 1) {
        client->state = CLIENT_OPEN;
        return 1;
    }
    return must_wait(client, result) ? 0 : -1;
}

int client_establish(struct client *client, struct target *target)
{
    int failure = 0;
    socklen_t length = sizeof(failure);
    if (client->state == CLIENT_CONNECTING) {
        getsockopt(client->descriptor, SOL_SOCKET, SO_ERROR, &failure, &length);
        if (failure != 0) {
            errno = failure;
            return -1;
        }
        client->state = target->tls ? CLIENT_SHAKING_HANDS : CLIENT_OPEN;
    }
    return client->state == CLIENT_OPEN ? 1 : shake_hands(client);
}

bool client_was_resumed(const struct client *client)
{
    return SSL_session_reused(client->ssl) == 1;
}

static ssize_t put(struct client *client)
{
    if (!client->ssl) {
        ssize_t sent =
            send(client->descriptor, client->unsent, client->unsent_length, MSG_NOSIGNAL);
        return sent < 0 && errno == EAGAIN ? 0 : sent;
    }
    size_t sent = 0;
    ERR_clear_error();
    int result = SSL_write_ex(client->ssl, client->unsent, client->unsent_length, &sent);
    if (result == 1)
        return (ssize_t)sent;
    return must_wait(client, result) ? 0 : -1;
}

int client_send(struct client *client)
{
    while (client->unsent_length > 0) {
        ssize_t sent = put(client);
        if (sent <= 0)
            return (int)sent;
        client->unsent += sent;
        client->unsent_length -= (size_t)sent;
    }
    return 0;
}

ssize_t client_receive(struct client *client, char *bytes, size_t size)
{
    if (!client->ssl) {
        ssize_t length = recv(client->descriptor, bytes, size, 0);
        if (length < 0 && errno == EAGAIN)
            return 0;
        if (length == 0)
            errno = 0;
        return length > 0 ? length : -1;
    }
    size_t length = 0;
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(client->ssl, bytes, size, &length);
    if (result == 1)
        return (ssize_t)length;
    return must_wait(client, result) ? 0 : -1;
}

void client_close(struct client *client)
{
    if (client->ssl && client->state == CLIENT_OPEN) {
        ERR_clear_error();
        SSL_shutdown(client->ssl);
    }
    SSL_free(client->ssl);
    if (client->state != CLIENT_CLOSED)
        close(client->descriptor);
    answer_reset(&client->answer);
    client->ssl = NULL;
    client->descriptor = -1;
    client->unsent_length = 0;
    client->state = CLIENT_CLOSED;
}
