/* One connection to one Redis or Valkey: TCP or TLS, commands out, replies in, everything bounded.
 *
 * The connection speaks RESP2 on a non-blocking socket of its own.  Commands collect in an output
 * buffer and replies come back in order.  While it waits it writes what is left to write, so that
 * two full buffers cannot stop both sides.  A connection is used by one thread at a time; after a
 * function other than redis_connection_free has failed it can only be freed.  It never raises
 * SIGPIPE.  The text of every error begins with the connection's name. */
#ifndef REDIS_CONNECTION_H
#define REDIS_CONNECTION_H

#include "base/endpoint.h"
#include "base/error.h"
#include "base/outbound.h"
#include "redis/memory.h"
#include "redis/reply.h"

enum {
    REDIS_REPLY_BYTES_MAX = 16 << 20,   /* one reply, as it comes and as it is kept */
    REDIS_REPLY_ELEMENTS_MAX = 1 << 18, /* of one array */
    REDIS_REPLY_LINE_MAX = 64 << 10,    /* a status, an error, a length */
    REDIS_OUTPUT_BYTES_MAX = 16 << 20,  /* commands that wait to be sent */
    REDIS_INTERRUPT_INTERVAL_MS = 100   /* how often a wait asks whether to go on */
};

/* All text is borrowed during redis_connection_open only; memory must outlive the connection. */
struct redis_target {
    struct endpoint endpoint;
    struct outbound *outbound;   /* asked about every address before it is dialled; never null */
    struct redis_memory *memory; /* of the task; null: an account of the connection's own */
    bool tls;
    const char *tls_ca;          /* PEM certificates, NULL: those the system trusts */
    const char *tls_certificate; /* PEM, for servers that ask for one, with its chain; NULL: none */
    const char *tls_key;         /* PEM, its private key */
    const char *tls_server_name; /* the name or address in the certificate, NULL: the host */
    const char *username;        /* NULL: the default user */
    const char *password;        /* NULL: no AUTH */
    int connect_timeout_ms;      /* name, TCP, TLS and AUTH together */
    int reply_timeout_ms;        /* longest wait for one reply */
};

/* Asked while a function waits, at least every REDIS_INTERRUPT_INTERVAL_MS; a negative return makes
 * it fail with what err says then.  A null function never interrupts. */
struct redis_interrupt {
    int (*ask)(void *argument, struct error *err);
    void *argument;
};

struct redis_connection;

/* Connects, verifies the certificate (TLS 1.2 or later), authenticates and names the connection
 * `dcs-scan`; CLIENT NO-EVICT and NO-TOUCH are set where the server has them.  A name is resolved
 * anew every time, once, and all of its addresses that may be dialled are tried in turn.  Fails
 * with ERROR_OUTBOUND_FORBIDDEN where none may, without a packet to any; with
 * ERROR_REDIS_CONNECTION, _REFUSED (credentials), _TIMEOUT, _PROTOCOL or the interrupt's error. The
 * result is freed by redis_connection_free. */
int redis_connection_open(const struct redis_target *target, struct redis_interrupt interrupt,
                          struct redis_connection **ret_connection, struct error *err);
void redis_connection_free(struct redis_connection *connection);

/* `host:port`, for messages. */
const char *redis_connection_name(const struct redis_connection *connection);

/* Whether the server has agreed (CLIENT NO-TOUCH, from Redis 7.2 on) that what is asked here leaves
 * idle times and LFU counters alone. */
bool redis_connection_touches_nothing(const struct redis_connection *connection);

/* The account that its replies and questions are held on. */
struct redis_memory *redis_connection_memory(struct redis_connection *connection);

/* Queues a command of any bytes.  Fails with ERROR_REDIS_PROTOCOL past REDIS_OUTPUT_BYTES_MAX or
 * REDIS_MEMORY_MAX. */
int redis_connection_append(struct redis_connection *connection, const struct text *words,
                            int count, struct error *err);

/* Bytes that are queued and not sent. */
size_t redis_connection_unsent(const struct redis_connection *connection);

/* Sends what the socket takes now; does not wait.  A connection that breaks here is reported by
 * redis_connection_next, after the replies that came before. */
void redis_connection_flush(struct redis_connection *connection);

/* The next reply, waiting up to the reply timeout for it; queued commands are sent before and
 * meanwhile.  An error reply is a reply here, not a failure. */
int redis_connection_next(struct redis_connection *connection, const struct redis_reply **ret_reply,
                          struct error *err);

/* Appends one command and returns its reply; nothing may be in flight. */
int redis_connection_call(struct redis_connection *connection, const struct text *words, int count,
                          const struct redis_reply **ret_reply, struct error *err);

/* redis_reply_unexpected with the connection's name before its text. */
int redis_connection_unexpected(const struct redis_connection *connection,
                                const struct redis_reply *reply, const char *command,
                                struct error *err);

static inline void redis_connection_cleanup(struct redis_connection **connection)
{
    redis_connection_free(*connection);
}

#endif
