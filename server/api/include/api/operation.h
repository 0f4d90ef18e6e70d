/* The operations of the API: a table row each, and per operation two small pure functions.
 *
 * bind turns a request into the parameters of one statement, render turns its rows into a reply;
 * both may refuse with an error instead.  Neither blocks, and neither knows HTTP's library or the
 * database's. */
#ifndef API_OPERATION_H
#define API_OPERATION_H

#include <stddef.h>

#include <jansson.h>

#include "api/query.h"
#include "api/reply.h"
#include "auth/policy.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "model/access_key.h"
#include "model/scan_kind.h"
#include "model/webhook.h"
#include "pg/result.h"
#include "pg/statement.h"

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_METHOD_COUNT };

struct operation;

/* What operations are told of the server's settings; outlives every request. */
struct api_context {
    const struct keyring *keyring;  /* seals what a request brings */
    int64_t expired_batch_keys_max; /* bound of scan_keys_count */
    /* Quotas of a project that has none of its own; 0 is no limit. */
    int64_t project_instances_max;
    int64_t project_schedule_entries_max;
    int64_t project_webhooks_max; /* 0: none */
    bool webhook_http;            /* may have http:// addresses */
};

/* A request as an operation sees it: authenticated, authorised, its ids well-formed.  Zeroed before
 * use, and released by api_request_release after the reply. */
struct api_request {
    const struct operation *operation;
    const struct api_context *context;
    const struct policy *policy; /* of who asks; null in tests: no limits */
    struct uuid project;         /* of the path, or the tenant's own where it has none */
    struct uuid instance;        /* empty where the path has none */
    struct uuid task;            /* empty where the path has none */
    struct uuid webhook;         /* empty where the path has none */
    struct text access_key_id;   /* of the path; empty where it has none */
    struct api_query query;
    struct text body;
    struct text if_match; /* null bytes where it was not sent */
    struct uuid new_id;   /* for what the request may create */

    /* What makes it the same request as an earlier one: 32 bytes each, null where there is none. */
    const unsigned char *signature_token;
    const unsigned char *idempotency_token;
    const unsigned char *fingerprint;
    const char *trace_parent; /* of what it sets off (base/trace.h); null: no trace */

    /* What bind made on the way. */
    json_t *object; /* the body */
    struct access_key_pair new_key;
    char webhook_secret[WEBHOOK_SECRET_TEXT_LENGTH + 1]; /* a new one; empty: there is none */
    void *memory;                                        /* see api_request_allocate */
};

/* Memory that lives as long as the request, zeroed; never null. */
void *api_request_allocate(struct api_request *request, size_t size);
void api_request_release(struct api_request *request);

typedef int operation_bind_fn(struct api_request *request, struct pg_parameters *parameters,
                              struct error *err);
typedef int operation_render_fn(const struct api_request *request, const struct pg_rows *rows,
                                struct api_reply *reply, struct error *err);

struct operation {
    enum http_method method;
    const char *path;                     /* segments in braces are the ids of struct api_request */
    const char *action;                   /* what a credential must be allowed to do */
    const struct scan_kind *kind;         /* null where it is about no kind */
    const struct pg_statement *statement; /* null: see operation_is_login */
    operation_bind_fn *bind;
    operation_render_fn *render;
    bool for_operators; /* rather than for a project's own credentials */
};

extern const struct operation operations[];
extern const size_t operation_count;

/* Whether its reply is the first of a stream of events about the request's task. */
bool operation_streams(const struct operation *operation);

/* The one operation that is no statement's: what it does is asked of the identity service
 * (api/login.h), by whoever has no credentials yet.  No role has it, and no policy names it. */
bool operation_is_login(const struct operation *operation);

/* The statement that tells what it means that the operation's own gave no rows, with the same
 * parameters; null where none is needed. */
const struct pg_statement *operation_where_none(const struct operation *operation);

/* What the database said, in the operation's own words. */
void operation_translate(const struct operation *operation, struct error *err);

const char *http_method_name(enum http_method method);
/* HEAD counts as GET.  Returns -1 for a method that no operation has. */
int http_method_parse(struct text name, enum http_method *ret_method);

#endif
