/* One request from its head to its rows; it waits here and in credentials.c, nowhere else. */
#include "exchange.h"

#include <stddef.h>
#include <string.h>

#include "answer.h"
#include "api/grant.h"
#include "api/task_progress.h"
#include "base/clock.h"
#include "connection.h"
#include "credentials.h"
#include "database.h"
#include "event_stream.h"
#include "exchange_state.h"
#include "h2o_answer.h"
#include "lock_queue.h"
#include "login.h"
#include "request_span.h"

enum { ATTEMPTS_MAX = 3 };

static void on_request_gone(void *object)
{
    struct exchange *exchange = object;
    exchange->req = NULL;
    exchange->connection->requests--;
    metric_add(&metric_requests_in_flight, 0, 0, -1);
    api_request_release(&exchange->request);
}

static void on_statement_done(void *argument, struct pg_rows *rows, const struct error *err)
{
    struct exchange *exchange = argument;
    struct lock_queue *queue = exchange->loop->lock_queue;
    request_span_receive(exchange, rows ? NULL : err);
    bool is_locked = !rows && err->code == ERROR_DATABASE_LOCKED;
    if (is_locked && lock_queue_take(queue, exchange))
        return;
    bool had_turn = lock_queue_settle(queue, exchange, !is_locked);
    exchange->lock.done(exchange, rows, err);
    if (had_turn)
        lock_queue_go_on(queue);
}

int exchange_submit(struct exchange *exchange, const struct pg_statement *statement,
                    const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                    exchange_again_fn *again, struct error *err)
{
    struct loop *loop = exchange->loop;
    exchange->lock.statement = statement;
    exchange->lock.done = done;
    exchange->lock.again = again;
    enum lock_way way = lock_queue_admit(loop->lock_queue, exchange);
    if (way == LOCK_WAY_QUEUED)
        return 0;
    database_submit_fn *submit = way == LOCK_WAY_LAST ? database_submit_last : database_submit;
    if (submit(loop, statement, parameters, on_statement_done, exchange, err) < 0) {
        lock_queue_settle(loop->lock_queue, exchange, false);
        return -1;
    }
    request_span_send(exchange);
    h2o_mem_addref_shared(exchange);
    return 0;
}

static int render(const struct exchange *exchange, struct pg_rows *rows,
                  const struct error *database_error, struct api_reply *reply, struct error *err)
{
    if (!rows) {
        *err = *database_error;
        operation_translate(exchange->match.operation, err);
        return -1;
    }
    return exchange->match.operation->render(&exchange->request, rows, reply, err);
}

static int execute(struct exchange *exchange, struct error *err);

/* Whether the statement lost a race that it would not lose again. */
static bool is_worth_another_try(struct exchange *exchange, const struct error *err)
{
    bool raced = err->code == ERROR_DATABASE_CONFLICT ||
                 (err->code == ERROR_ALREADY_EXISTS && exchange->match.operation->kind);
    return raced && ++exchange->conflicts < ATTEMPTS_MAX;
}

/* Whether another statement is to tell what that means. */
static bool finds_none(struct exchange *exchange, const struct pg_rows *rows)
{
    if (!rows || rows->row_count > 0 || exchange->found_none ||
        !operation_where_none(exchange->match.operation))
        return false;
    exchange->found_none = true;
    return true;
}

static void execute_again(struct exchange *exchange)
{
    struct error err = {0};
    if (execute(exchange, &err) < 0)
        answer_error(exchange, &err);
}

static int answer(struct exchange *exchange, const struct pg_rows *rows, struct api_reply *reply,
                  struct error *err)
{
    if (operation_streams(exchange->match.operation))
        return event_stream_begin(exchange, (struct text){reply->body.text, reply->body.length},
                                  task_progress_is_final(rows, 0), err);
    answer_reply(exchange, reply);
    return 0;
}

static void answer_rows(struct exchange *exchange, struct pg_rows *rows,
                        const struct error *database_error)
{
    struct error err = {0};
    struct api_reply reply;
    api_reply_init(&reply);
    int status = render(exchange, rows, database_error, &reply, &err);
    if (status == 0)
        status = answer(exchange, rows, &reply, &err);
    if (status < 0 && is_worth_another_try(exchange, &err))
        execute_again(exchange);
    else if (status < 0)
        answer_error(exchange, &err);
    api_reply_release(&reply);
}

static void on_rows(void *argument, struct pg_rows *rows, const struct error *database_error)
{
    struct exchange *exchange = argument;
    if (exchange->req && finds_none(exchange, rows))
        execute_again(exchange);
    else if (exchange->req)
        answer_rows(exchange, rows, database_error);
    h2o_mem_release_shared(exchange);
}

static int check_project_header(const struct exchange *exchange, struct error *err)
{
    const struct auth_header *header = auth_request_find_header(&exchange->auth, "x-project-id");
    struct uuid claimed;
    if (header && exchange->match.project[0] &&
        (uuid_parse_any(header->value, &claimed) < 0 ||
         strcmp(claimed.text, exchange->request.project.text) != 0))
        return error_set_public(err, ERROR_UNAUTHENTICATED,
                                "X-Project-Id is not the project of the path");
    return 0;
}

int exchange_authorise(const struct exchange *exchange, struct error *err)
{
    struct policy_request wanted = grant_request(exchange->match.operation);
    struct uuid instance = {0}; /* stays empty, and in no policy's list, where it is malformed */
    wanted.project = exchange->request.project.text;
    if (exchange->match.instance[0]) {
        uuid_parse(text_of(exchange->match.instance), &instance);
        wanted.instance = instance.text;
    }
    return policy_check(&exchange->identity, &wanted, err);
}

static bool changes(const struct exchange *exchange)
{
    return exchange->match.operation->statement->effect == PG_WRITES;
}

/* What a request that changes something is known by when it comes again. */
static int remember(struct exchange *exchange, struct error *err)
{
    struct api_request *request = &exchange->request;
    struct replay *replay = &exchange->replay;
    if (!changes(exchange))
        return replay_check(&exchange->auth, err);
    if (replay_read(&exchange->auth, exchange->signature.digest, replay, err) < 0)
        return -1;
    request->signature_token =
        exchange->signature.access_key.length > 0 ? replay->signature_token : NULL;
    request->fingerprint = replay->fingerprint;
    if (exchange->trace.id[0]) {
        trace_format(&exchange->trace, exchange->trace_parent);
        request->trace_parent = exchange->trace_parent;
    }
    request->idempotency_token = replay->has_key ? replay->key_token : NULL;
    return 0;
}

/* Fills in what the operation is told; all of it belongs to the exchange or to the h2o request. */
static int prepare(struct exchange *exchange, struct error *err)
{
    struct api_request *request = &exchange->request;
    const struct text target = exchange->auth.target;
    const struct auth_header *if_match = auth_request_find_header(&exchange->auth, "if-match");
    const char *mark = memchr(target.bytes, '?', target.length);
    struct text query = {mark ? mark + 1 : "",
                         mark ? target.length - (size_t)(mark + 1 - target.bytes) : 0};
    if (route_read_ids(&exchange->match, request, err) < 0 ||
        api_query_parse(query, &request->query, err) < 0 || remember(exchange, err) < 0)
        return -1;
    request->context = &exchange->loop->server->api;
    request->policy = &exchange->identity.policy;
    request->body = exchange->auth.body;
    request->if_match = if_match ? if_match->value : (struct text){0};
    return 0;
}

static int execute(struct exchange *exchange, struct error *err)
{
    const struct operation *operation = exchange->match.operation;
    struct api_request *request = &exchange->request;
    struct pg_parameters parameters;
    api_request_release(request);
    if (changes(exchange))
        uuid_generate(&request->new_id);
    pg_parameters_init(&parameters);
    if (operation->bind(request, &parameters, err) < 0)
        return -1;
    return exchange_submit(
        exchange, exchange->found_none ? operation_where_none(operation) : operation->statement,
        &parameters, on_rows, execute, err);
}

int exchange_continue(struct exchange *exchange, struct error *err)
{
    struct uuid *project = &exchange->request.project;
    connection_prove(exchange->connection);
    if (limits_admit_identity(exchange, err) < 0)
        return -1;
    /* Without a project in its path a tenant's operation is about the tenant's own. */
    if (!exchange->match.project[0] && !exchange->match.operation->for_operators)
        *project = exchange->identity.project;
    if ((exchange->match.project[0] && route_read_project(&exchange->match, project, err) < 0) ||
        check_project_header(exchange, err) < 0 || exchange_authorise(exchange, err) < 0 ||
        prepare(exchange, err) < 0)
        return -1;
    return execute(exchange, err);
}

static struct text text_of_iovec(h2o_iovec_t bytes)
{
    return (struct text){bytes.base, bytes.len};
}

/* The gate's, where it is the head that has just come in. */
static int find_framing(struct exchange *exchange, struct error *err)
{
    const struct loop *loop = exchange->loop;
    const h2o_buffer_t *input = exchange->connection->socket->input;
    if (loop->framed != exchange->connection)
        return framing_check((struct text){input->bytes, input->size}, &exchange->framing, err);
    size_t used = offsetof(struct framing, headers) +
                  loop->framing.header_count * sizeof(loop->framing.headers[0]);
    memcpy(&exchange->framing, &loop->framing, used);
    return 0;
}

static int check_framing(struct exchange *exchange, struct error *err)
{
    h2o_req_t *req = exchange->req;
    if (find_framing(exchange, err) < 0) {
        /* What follows on this connection may be part of this request. */
        req->http1_is_persistent = 0;
        connection_refuse(exchange->connection);
        return -1;
    }
    exchange->auth = (struct auth_request){
        .method = text_of_iovec(req->input.method),
        .target = text_of_iovec(req->input.path),
        .body = text_of_iovec(req->entity),
        .headers = exchange->framing.headers,
        .header_count = exchange->framing.header_count,
    };
    return 0;
}

static bool is_reading(struct text method)
{
    return text_equals(method, TEXT("GET")) || text_equals(method, TEXT("HEAD"));
}

static int begin(struct exchange *exchange, struct error *err)
{
    if (check_framing(exchange, err) < 0)
        return -1;
    request_span_begin(exchange);
    if (limits_admit_address(exchange, err) < 0)
        return -1;
    struct text path = exchange->auth.target;
    const char *mark = memchr(path.bytes, '?', path.length);
    if (mark)
        path.length = (size_t)(mark - path.bytes);
    const struct document *document = is_reading(exchange->auth.method)
                                          ? document_find(exchange->loop->server->documents, path)
                                          : NULL;
    if (document) {
        answer_document(exchange, document);
        return 0;
    }
    if (route_find(exchange->auth.method, path, &exchange->match, err) < 0)
        return -1;
    return operation_is_login(exchange->match.operation) ? login_serve(exchange, err)
                                                         : credentials_check(exchange, err);
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct error err = {0};
    (void)handler;
    struct exchange *exchange =
        h2o_mem_alloc_shared(&req->pool, sizeof(*exchange), on_request_gone);
    memset(exchange, 0, offsetof(struct exchange, claim));
    exchange->claim.user[0] = exchange->claim.target[0] = '\0';
    exchange->req = req;
    exchange->loop = loop_of_request(req);
    exchange->connection = connection_of_request(req);
    exchange->connection->requests++;
    metric_add(&metric_requests_in_flight, 0, 0, 1);
    exchange->started_us = clock_monotonic_us();
    request_id_generate(exchange->request_id);
    if (begin(exchange, &err) < 0)
        answer_error(exchange, &err);
    return 0;
}

void exchange_register(h2o_hostconf_t *host)
{
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_handler_t *handler = h2o_create_handler(path, sizeof(*handler));
    handler->on_req = on_request;
}
