/* What the server counts, for Prometheus; docs/metrics.md says what each is for.
 *
 * Labels are of the server's own tables: operations are rows of the table of operations, and
 * everything that is none of them is one row more.  Any loop's thread. */
#ifndef SERVER_HTTP_SERVER_METRICS_H
#define SERVER_HTTP_SERVER_METRICS_H

#include "auth/metrics.h"
#include "ops/operations.h"
#include "pg/metrics.h"

struct exchange;
struct operation;

/* Why a connection was not served to its end. */
enum turned_away_reason {
    TURNED_AWAY_FULL,      /* connections_max */
    TURNED_AWAY_ADDRESS,   /* connections_per_address_max */
    TURNED_AWAY_DISPLACED, /* connections_unproved_max */
    TURNED_AWAY_LATE,
    TURNED_AWAY_HANDSHAKE,
    TURNED_AWAY_REFUSED,  /* what it sent is no request */
    TURNED_AWAY_SHORT_OF, /* descriptors or memory */
    TURNED_AWAY_REASON_COUNT
};

enum handshake { HANDSHAKE_FULL, HANDSHAKE_RESUMED, HANDSHAKE_FAILED, HANDSHAKE_COUNT };

enum limit_kind {
    LIMIT_ADDRESS,
    LIMIT_LOGIN,
    LIMIT_CREDENTIAL,
    LIMIT_PROJECT,
    LIMIT_CREATION,
    LIMIT_LOCKED, /* the access key or user, for the address */
    LIMIT_STREAMS,
    LIMIT_KIND_COUNT
};

/* Why a stream of events ended. */
enum stream_end {
    STREAM_END_FINISHED, /* with its task */
    STREAM_END_GONE,     /* the client, or it did not take what was sent */
    STREAM_END_STOPPED,  /* the server was */
    STREAM_END_REFUSED,  /* the credential is not good for it any more */
    STREAM_END_COUNT
};

enum stream_event { STREAM_EVENT_SENT, STREAM_EVENT_SKIPPED };

extern struct metric metric_streams;
extern struct metric metric_stream_ends;   /* enum stream_end */
extern struct metric metric_stream_events; /* enum stream_event */
extern struct metric metric_requests_in_flight;
extern struct metric metric_connections;
extern struct metric metric_connections_accepted;
extern struct metric metric_turned_away; /* turned_away_reason */
extern struct metric metric_handshakes;  /* enum handshake */
extern struct metric metric_limited;     /* limit_kind */
extern struct metric metric_keys_locked;
extern struct metric metric_locks_met;
extern struct metric metric_audit_events;
extern struct metric metric_audit_pending;
extern struct metric metric_audit_lost;
extern struct metric metric_certificate_not_after;

/* An answer is about to be sent. */
void server_metrics_note_answer(const struct exchange *exchange, int status);

/* Method and path of a row of the table of operations; lives as long as the program. */
const char *server_metrics_name_of(const struct operation *operation);

/* Everything that the server counts; its labels are filled in.  Before any of these. */
enum { SERVER_METRICS_PARTS = 4 };
const struct operations_metrics *server_metrics_list(void);

#endif
