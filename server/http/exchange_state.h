/* What an exchange is to the files that serve it: exchange.c (its life), credentials.c (who asks),
 * answer.c (what is sent).
 *
 * It is allocated from its request's pool as a shared object and holds a reference to itself for
 * each statement in flight, and one while it waits for the identity service: where the client goes
 * first, `req` becomes null and the answer is dropped.  Text of the request is valid only as long
 * as `req` is not null.  Loop's thread only. */
#ifndef SERVER_HTTP_EXCHANGE_STATE_H
#define SERVER_HTTP_EXCHANGE_STATE_H

#include <h2o.h>

#include "api/operation.h"
#include "api/route.h"
#include "auth/identity.h"
#include "auth/replay.h"
#include "auth/signature.h"
#include "base/trace.h"
#include "framing.h"
#include "loop.h"
#include "model/audit.h"
#include "pg/pipeline.h"
#include "request_limits.h"

struct connection;
struct event_stream;
struct exchange;

/* Runs the exchange's statement once more, from the beginning.  On failure the caller answers. */
typedef int exchange_again_fn(struct exchange *exchange, struct error *err);

/* Whether the exchange's credential is still good for what it asked: err is null, or says why not,
 * or why that cannot be told now. */
typedef void exchange_judged_fn(struct exchange *exchange, const struct error *err);

/* The statement that an exchange has in flight, or that waits for a lock; see lock_queue.h. */
struct exchange_statement {
    h2o_linklist_t link;
    const struct pg_statement *statement;
    pg_pipeline_done_fn *done;
    exchange_again_fn *again;
    bool met;        /* it has met a lock */
    int64_t sent_us; /* of one that is traced */
};

/* Of a log-in, for the logs; cut off where they are longer. */
struct exchange_claim {
    char user[AUDIT_IDENTITY_MAX + 1];
    char target[AUDIT_SUBJECT_MAX + 1]; /* domain/project */
};

struct exchange {
    h2o_req_t *req; /* null once the client is gone */
    struct loop *loop;
    struct connection *connection;
    int64_t started_us;
    char request_id[UUID_HEX_LENGTH + 1];
    struct trace trace; /* its own span of the client's trace, or of one that it begins; or empty */
    char trace_parent[TRACE_PARENT_LENGTH + 1];
    const char *traced_method; /* a constant; null: no spans of it are exported */
    struct auth_request auth;
    struct signature signature;
    struct identity identity; /* once it is proved; its name is empty before that */
    struct exchange_limits limits;
    struct replay replay;
    struct route_match match;
    struct api_request request;
    bool found_none; /* the operation's statement gave no rows */
    int conflicts;   /* races that the operation's statement lost */
    struct exchange_statement lock;
    struct event_stream *stream; /* its answer, where that is one */
    exchange_judged_fn
        *judged; /* the credential is looked at once more; null: for the first time */
    /* Begun, each in its way, and not zeroed before. */
    struct exchange_claim claim;
    struct framing framing;
};

/* Runs a statement for the exchange, which done gets as its argument and whose reference it gives
 * back with h2o_mem_release_shared.  again is called where the statement met a lock and is to be
 * tried once more: it calls this function again. */
int exchange_submit(struct exchange *exchange, const struct pg_statement *statement,
                    const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                    exchange_again_fn *again, struct error *err);

/* Whether its identity may do what it asks for. */
int exchange_authorise(const struct exchange *exchange, struct error *err);

/* Goes on once the exchange's identity is proved.  On failure the caller answers. */
int exchange_continue(struct exchange *exchange, struct error *err);

#endif
