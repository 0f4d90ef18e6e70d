/* A thread that plays a Redis: one connection, bytes or answers as the test says. */
#ifndef TESTS_FAKE_SERVER_H
#define TESTS_FAKE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "redis/connection.h"

struct fake_server {
    int listener;
    int port;
    pthread_t thread;
    void (*serve)(int socket, void *argument);
    void *argument;
};

/* Serves one connection with the function given; the socket is closed after it returns. */
void fake_server_start(struct fake_server *server, void (*serve)(int socket, void *argument),
                       void *argument);
/* Waits for the end of the thread. */
void fake_server_stop(struct fake_server *server);

/* A policy that allows loopback; it lives as long as the program. */
struct outbound *fake_outbound(void);

/* A target with short timeouts. */
struct redis_target fake_server_target(const struct fake_server *server);

/* For serving functions.  All return quietly when the client is gone. */
void fake_send(int socket, const char *bytes, size_t length);
void fake_send_text(int socket, const char *text);
/* Reads until that many commands have come. */
void fake_skip_commands(int socket, int count);
/* Reads until the client closes. */
void fake_wait_closed(int socket);
/* Closes with a reset. */
void fake_reset(int socket);

/* Skips what the handshake without a password asks and answers as an old server does. */
void fake_greet(int socket);

enum { FAKE_WORDS_MAX = 40 };

/* Reads commands until the client closes; writes what `answer` writes to a buffer of that size and
 * returns the length of. */
typedef size_t fake_answer_fn(void *argument, const struct text *words, int count, char *ret_bytes,
                              size_t size);
void fake_serve_commands(int socket, fake_answer_fn *answer, void *argument);

#endif
