/* The only file that knows that a request waits.
 *
 * An exchange is allocated from its request's pool as a shared object and holds a reference to
 * itself for each statement in flight: where the client goes first, `req` becomes null and the
 * answer is dropped. Text of the request is valid only as long as `req` is not null. */
#include "exchange.h"

#include <string.h>

#include "api/operation.h"
#include "api/route.h"
#include "auth/replay.h"
#include "auth/signature.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "connection.h"
#include "database.h"
#include "document.h"
#include "framing.h"
#include "h2o_answer.h"
#include "model/access_key_store.h"

struct exchange {
    h2o_req_t *req; /* null once the client is gone */
    struct loop *loop;
    struct connection *connection;
    int64_t started_us;
    char request_id[UUID_HEX_LENGTH + 1];
    struct framing framing;
    struct auth_request auth;
    struct signature signature;
    struct replay replay;
    struct route_match match;
    struct api_request request;
    int attempts; /* of the operation's statement */
};

enum { ATTEMPTS_MAX = 3 };

static void on_request_gone(void *object)
{
    struct exchange *exchange = object;
    exchange->req = NULL;
    exchange->connection->requests--;
    api_request_release(&exchange->request);
}

static void log_reply(const struct exchange *exchange, int status, const struct error *err)
{
    static struct log_limit missing_key;
    enum log_level level = status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
    if (err && err->code == ERROR_SECRET_KEY && !log_limit_passes(&missing_key))
        level = LOG_LEVEL_DEBUG;
    const char *action = exchange->match.operation ? exchange->match.operation->action : "none";
    LOG_AT(level, "request", LOG_TEXT("request_id", exchange->request_id),
           LOG_TEXT("project", exchange->match.project), LOG_TEXT("action", action),
           LOG_NUMBER("status", status),
           LOG_NUMBER("duration_us", clock_monotonic_us() - exchange->started_us),
           LOG_TEXT("reason", err ? err->text : ""));
}

static void add_header(h2o_req_t *req, const char *lower, const char *name, const char *value)
{
    h2o_iovec_t copy = h2o_strdup(&req->pool, value, SIZE_MAX);
    h2o_add_header_by_str(&req->pool, &req->res.headers, lower, strlen(lower), 0, name, copy.base,
                          copy.len);
}

/* What a request brought in its body has been sealed or refused by now. */
static void cleanse_body(h2o_req_t *req)
{
    if (req->entity.len > 0)
        secret_cleanse(req->entity.base, req->entity.len);
}

/* Starts the response and ends it with a body that outlives the request, or none. */
static void send_body(struct exchange *exchange, int status, h2o_iovec_t body, bool has_body)
{
    static h2o_generator_t generator;
    h2o_req_t *req = exchange->req;
    bool is_head = h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
    req->res.status = status;
    req->res.reason = http_reason(status);
    req->res.content_length = has_body ? body.len : SIZE_MAX;
    add_header(req, "x-request-id", "X-Request-Id", exchange->request_id);
    if (exchange->loop->stopping)
        req->http1_is_persistent = 0;
    cleanse_body(req);
    h2o_start_response(req, &generator);
    h2o_send(req, &body, has_body && !is_head && body.len > 0, H2O_SEND_STATE_FINAL);
}

static void add_optional_header(h2o_req_t *req, const char *lower, const char *name,
                                const char *value)
{
    if (value[0])
        add_header(req, lower, name, value);
}

struct secret_body {
    size_t length;
    char bytes[];
};

static void dispose_secret_body(void *object)
{
    struct secret_body *body = object;
    secret_cleanse(body->bytes, body->length);
}

/* A copy that lives as long as the request. */
static h2o_iovec_t copy_body(h2o_req_t *req, const struct json_writer *text)
{
    if (!text->is_secret)
        return h2o_strdup(&req->pool, text->text, text->length);
    struct secret_body *body =
        h2o_mem_alloc_shared(&req->pool, sizeof(*body) + text->length, dispose_secret_body);
    body->length = text->length;
    memcpy(body->bytes, text->text, text->length);
    return h2o_iovec_init(body->bytes, body->length);
}

static void send_reply(struct exchange *exchange, const struct api_reply *reply)
{
    h2o_req_t *req = exchange->req;
    bool has_body = reply->status != HTTP_NO_CONTENT;
    h2o_iovec_t body = {0};
    if (has_body) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                       reply->content_type, strlen(reply->content_type));
        body = copy_body(req, &reply->body);
    }
    add_optional_header(req, "etag", "ETag", reply->etag);
    add_optional_header(req, "location", "Location", reply->location);
    add_optional_header(req, "content-disposition", "Content-Disposition", reply->disposition);
    send_body(exchange, reply->status, body, has_body);
}

static enum api_error_form error_form(const struct exchange *exchange)
{
    struct text target = {exchange->req->input.path.base, exchange->req->input.path.len};
    return route_is_administration(target) ? API_ERROR_PROBLEM : API_ERROR_DCS;
}

static void fail(struct exchange *exchange, const struct error *err)
{
    struct api_reply reply;
    h2o_req_t *req = exchange->req;
    api_reply_init(&reply);
    api_reply_set_error(&reply, err, error_form(exchange), exchange->request_id);
    if (reply.status == 503 || reply.status == 429)
        add_header(req, "retry-after", "Retry-After", "1");
    if (err->code == ERROR_METHOD_NOT_ALLOWED)
        add_header(req, "allow", "Allow", exchange->match.allow);
    log_reply(exchange, reply.status, err);
    send_reply(exchange, &reply);
    api_reply_release(&reply);
}

/* Runs a statement for the exchange; done finds it as its argument. */
static int submit(struct exchange *exchange, const struct pg_statement *statement,
                  const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                  struct error *err)
{
    if (database_submit(exchange->loop, statement, parameters, done, exchange, err) < 0)
        return -1;
    h2o_mem_addref_shared(exchange);
    return 0;
}

static int render(const struct exchange *exchange, struct pg_rows *rows,
                  const struct error *database_error, struct api_reply *reply, struct error *err)
{
    if (!rows) {
        *err = *database_error;
        return -1;
    }
    return exchange->match.operation->render(&exchange->request, rows, reply, err);
}

static int execute(struct exchange *exchange, struct error *err);

/* Whether the statement lost a race that it would not lose again. */
static bool is_worth_another_try(const struct exchange *exchange, const struct error *err)
{
    bool raced = err->code == ERROR_DATABASE_CONFLICT ||
                 (err->code == ERROR_ALREADY_EXISTS && exchange->match.operation->kind);
    return raced && exchange->attempts < ATTEMPTS_MAX;
}

static void on_rows(void *argument, struct pg_rows *rows, const struct error *database_error)
{
    struct exchange *exchange = argument;
    if (exchange->req) {
        struct error err = {0};
        struct api_reply reply;
        api_reply_init(&reply);
        int status = render(exchange, rows, database_error, &reply, &err);
        if (status < 0 && is_worth_another_try(exchange, &err)) {
            error_clear(&err);
            if (execute(exchange, &err) < 0)
                fail(exchange, &err);
        } else if (status < 0) {
            fail(exchange, &err);
        } else {
            log_reply(exchange, reply.status, NULL);
            send_reply(exchange, &reply);
        }
        api_reply_release(&reply);
    }
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

/* What the credential may do; policies will be asked here. */
static int authorise(const struct exchange *exchange, const struct access_key *key,
                     struct error *err)
{
    if (exchange->match.operation->for_operators != key->is_operator)
        return error_set(err, ERROR_FORBIDDEN, "access key %s is of another role", key->id);
    if (!key->is_operator && strcmp(key->project.text, exchange->request.project.text) != 0)
        return error_set(err, ERROR_FORBIDDEN, "access key %s is another project's", key->id);
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
        api_query_parse(query, &request->query, err) < 0 ||
        replay_read(&exchange->auth, exchange->signature.digest, &exchange->replay, err) < 0)
        return -1;
    request->context = &exchange->loop->server->api;
    request->body = exchange->auth.body;
    request->if_match = if_match ? if_match->value : (struct text){0};
    request->signature_token = exchange->replay.signature_token;
    request->fingerprint = exchange->replay.fingerprint;
    request->idempotency_token = exchange->replay.has_key ? exchange->replay.key_token : NULL;
    return 0;
}

static int execute(struct exchange *exchange, struct error *err)
{
    const struct operation *operation = exchange->match.operation;
    struct api_request *request = &exchange->request;
    struct pg_parameters parameters;
    exchange->attempts++;
    api_request_release(request);
    uuid_generate(&request->new_id);
    pg_parameters_init(&parameters);
    if (operation->bind(request, &parameters, err) < 0)
        return -1;
    return submit(exchange, operation->statement, &parameters, on_rows, err);
}

static int run(struct exchange *exchange, const struct access_key *key, struct error *err)
{
    struct uuid *project = &exchange->request.project;
    if ((exchange->match.project[0] && route_read_project(&exchange->match, project, err) < 0) ||
        check_project_header(exchange, err) < 0 || authorise(exchange, key, err) < 0 ||
        prepare(exchange, err) < 0)
        return -1;
    return execute(exchange, err);
}

/* An unknown key costs the same work as a wrong signature. */
static int verify(struct exchange *exchange, const struct access_key *key, struct error *err)
{
    static const char nobody[] = "0000000000000000000000000000000000000000";
    struct text secret = key->known ? (struct text){key->secret, key->secret_length}
                                    : (struct text){nobody, sizeof(nobody) - 1};
    if (signature_verify(&exchange->auth, &exchange->signature, secret, err) < 0)
        return -1;
    return key->known ? 0 : signature_refuse(err);
}

static void continue_with_key(struct exchange *exchange, const struct access_key *key)
{
    struct error err = {0};
    if (verify(exchange, key, &err) < 0 || run(exchange, key, &err) < 0)
        fail(exchange, &err);
}

/* Opens the row of an access key; no row makes a key that is not known. */
static int read_key(const struct exchange *exchange, const struct pg_rows *rows,
                    struct access_key *ret_key, struct error *err)
{
    unsigned char sealed[SECRET_OVERHEAD + ACCESS_KEY_CACHE_SECRET_MAX];
    char secret[SECRET_MAX + 1];
    ret_key->known = rows->row_count > 0;
    if (!ret_key->known)
        return 0;
    ptrdiff_t length =
        pg_rows_bytes(rows, 0, ACCESS_KEY_FIND_SEALED_SECRET, sealed, sizeof(sealed));
    if (length < 0)
        return error_set(err, ERROR_SECRET, "access key %s: sealed secret malformed", ret_key->id);
    struct secret_owner owner =
        access_key_secret_owner(pg_rows_string(rows, 0, ACCESS_KEY_FIND_PROJECT_ID), ret_key->id);
    if (secret_open(exchange->loop->server->keyring, &owner, sealed, (size_t)length, secret,
                    &ret_key->secret_length, err) < 0)
        return error_prefix(err, "access key %s", ret_key->id);
    bool fits = ret_key->secret_length <= ACCESS_KEY_CACHE_SECRET_MAX;
    if (fits)
        memcpy(ret_key->secret, secret, ret_key->secret_length + 1);
    secret_cleanse(secret, ret_key->secret_length);
    if (!fits)
        return error_set(err, ERROR_SECRET, "access key %s: secret too long", ret_key->id);
    ret_key->is_operator = pg_rows_is_null(rows, 0, ACCESS_KEY_FIND_PROJECT_ID);
    if (!ret_key->is_operator &&
        uuid_parse(pg_rows_text(rows, 0, ACCESS_KEY_FIND_PROJECT_ID), &ret_key->project) < 0)
        return error_set(err, ERROR_INTERNAL, "access key %s: malformed project", ret_key->id);
    return 0;
}

static void on_key_row(void *argument, struct pg_rows *rows, const struct error *database_error)
{
    struct exchange *exchange = argument;
    if (exchange->req) {
        struct error err = {0};
        struct access_key key = {0};
        memcpy(key.id, exchange->signature.access_key.bytes, exchange->signature.access_key.length);
        if (!rows) {
            fail(exchange, database_error);
        } else if (read_key(exchange, rows, &key, &err) < 0) {
            fail(exchange, &err);
        } else {
            access_key_cache_put(exchange->loop->access_keys, &key, clock_monotonic_ms());
            continue_with_key(exchange, &key);
        }
        secret_cleanse(&key, sizeof(key));
    }
    h2o_mem_release_shared(exchange);
}

static int find_key(struct exchange *exchange, struct error *err)
{
    struct text id = exchange->signature.access_key;
    struct pg_parameters parameters;
    if (id.length > ACCESS_KEY_CACHE_ID_MAX || !text_is_utf8(id.bytes, id.length))
        return signature_refuse(err);
    const struct access_key *key =
        access_key_cache_find(exchange->loop->access_keys, id, clock_monotonic_ms());
    if (key) {
        continue_with_key(exchange, key);
        return 0;
    }
    pg_parameters_init(&parameters);
    pg_parameters_add_text(&parameters, id);
    return submit(exchange, &access_key_find, &parameters, on_key_row, err);
}

static int authenticate(struct exchange *exchange, struct error *err)
{
    const struct config *config = exchange->loop->server->config;
    /* Tokens of an identity service will be taken here; there is none to vouch for one yet. */
    if (!auth_request_find_header(&exchange->auth, "authorization") &&
        auth_request_find_header(&exchange->auth, "x-auth-token"))
        return error_set(err, ERROR_INVALID_TOKEN, "tokens are not configured");
    if (signature_parse(&exchange->auth, clock_unix_seconds(), config->signature_window_seconds,
                        &exchange->signature, err) < 0)
        return -1;
    return find_key(exchange, err);
}

static struct text text_of_iovec(h2o_iovec_t bytes)
{
    return (struct text){bytes.base, bytes.len};
}

static int check_framing(struct exchange *exchange, struct error *err)
{
    h2o_req_t *req = exchange->req;
    const h2o_buffer_t *input = req->conn->callbacks->get_socket(req->conn)->input;
    if (framing_check((struct text){input->bytes, input->size}, &exchange->framing, err) < 0) {
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

static void send_document(struct exchange *exchange, const struct document *document)
{
    h2o_req_t *req = exchange->req;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, document->type,
                   strlen(document->type));
    add_header(req, "content-security-policy", "Content-Security-Policy",
               "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
               "frame-ancestors 'none'");
    add_header(req, "x-content-type-options", "X-Content-Type-Options", "nosniff");
    send_body(exchange, HTTP_OK, h2o_iovec_init(document->bytes, document->length), true);
}

static bool is_reading(struct text method)
{
    return text_equals(method, TEXT("GET")) || text_equals(method, TEXT("HEAD"));
}

static int begin(struct exchange *exchange, struct error *err)
{
    if (check_framing(exchange, err) < 0)
        return -1;
    struct text path = exchange->auth.target;
    const char *mark = memchr(path.bytes, '?', path.length);
    if (mark)
        path.length = (size_t)(mark - path.bytes);
    const struct document *document = is_reading(exchange->auth.method)
                                          ? document_find(exchange->loop->server->documents, path)
                                          : NULL;
    if (document) {
        send_document(exchange, document);
        return 0;
    }
    if (route_find(exchange->auth.method, path, &exchange->match, err) < 0)
        return -1;
    return authenticate(exchange, err);
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct error err = {0};
    (void)handler;
    struct exchange *exchange =
        h2o_mem_alloc_shared(&req->pool, sizeof(*exchange), on_request_gone);
    memset(exchange, 0, sizeof(*exchange));
    exchange->req = req;
    exchange->loop = loop_of_request(req);
    exchange->connection = connection_of_request(req);
    exchange->connection->requests++;
    exchange->started_us = clock_monotonic_us();
    request_id_generate(exchange->request_id);
    if (begin(exchange, &err) < 0)
        fail(exchange, &err);
    return 0;
}

void exchange_register(h2o_hostconf_t *host)
{
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_handler_t *handler = h2o_create_handler(path, sizeof(*handler));
    handler->on_req = on_request;
}
