/* One connection of the load: TCP, TLS where asked, non-blocking, edge-triggered in the target's
 * epoll.  It knows bytes and no requests; `flights` is its owner's. */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "answer.h"

/* Where to, and by what: shared by all. */
struct target {
    struct sockaddr_storage address;
    socklen_t address_length;
    SSL_CTX *tls; /* NULL: without */
    int epoll;
    unsigned sources; /* so many addresses from 127.1.0.1 on are used in turn; 0: the system's */
    bool resumes;     /* each connection takes up the session of the one before */
};

enum client_state { CLIENT_CLOSED, CLIENT_CONNECTING, CLIENT_SHAKING_HANDS, CLIENT_OPEN };

struct flight {
    int64_t begun_ns;
    bool is_head;
};

struct client {
    enum client_state state;
    int descriptor;
    unsigned number;
    SSL *ssl;
    SSL_SESSION *session; /* the last one that it was given */
    const char *unsent;   /* somebody else's memory */
    size_t unsent_length;
    struct answer answer;
    struct flight *flights; /* a ring: sent, or about to be, and not answered */
    unsigned first, count;
    bool is_queued;
};

/* `http[s]://host[:port]`, and whose certificate is believed (NULL: any).  Negative: says why on
 * standard error. */
int target_init(struct target *target, const char *url, const char *ca);
void target_release(struct target *target);

/* Begins to connect.  Negative: could not; it is closed again. */
int client_open(struct client *client, struct target *target);

/* Goes on with what began: 1 once it is open, 0 not yet, negative where it failed. */
int client_establish(struct client *client, struct target *target);

bool client_was_resumed(const struct client *client);

/* Sends what the socket takes of `unsent`.  Negative where the connection is broken. */
int client_send(struct client *client);

/* Up to `size` bytes; 0 where there are none now, negative at the end of the connection. */
ssize_t client_receive(struct client *client, char *bytes, size_t size);

/* Politely; what was in flight stays for the owner to count. */
void client_close(struct client *client);

#endif
