/* Signed requests: the access key is looked up, in the loop's cache or in the database, and the
 * signature verified with its secret. */
#include "credentials.h"

#include <string.h>

#include "answer.h"
#include "api/grant.h"
#include "auth/security_token.h"
#include "base/clock.h"
#include "model/access_key_store.h"
#include "token_credentials.h"

/* Its secret has been shown. */
static void judge_key(struct exchange *exchange, const struct access_key *key)
{
    struct error err = {0};
    bool has_ended = key->is_temporary && clock_monotonic_ms() >= key->ends_ms;
    int status = key->known && !has_ended ? 0 : signature_refuse(&err);
    if (status == 0) {
        exchange->identity = key->identity;
        status = exchange_authorise(exchange, &err);
    }
    exchange->judged(exchange, status < 0 ? &err : NULL);
}

static void use_key(struct exchange *exchange, const struct access_key *key);

static void fail(struct exchange *exchange, const struct error *err)
{
    if (exchange->judged)
        exchange->judged(exchange, err);
    else
        answer_error(exchange, err);
}

static void continue_with_key(struct exchange *exchange, const struct access_key *key)
{
    struct error err = {0};
    int status = access_key_verify(key, &exchange->auth, &exchange->signature, &err);
    if (status == 0)
        status = security_token_check(&exchange->auth, &exchange->signature, key,
                                      clock_monotonic_ms(), &err);
    limits_note_proof(exchange, status == 0);
    if (status == 0) {
        exchange->identity = key->identity;
        status = exchange_continue(exchange, &err);
    }
    if (status < 0)
        answer_error(exchange, &err);
}

static void use_key(struct exchange *exchange, const struct access_key *key)
{
    if (exchange->judged)
        judge_key(exchange, key);
    else
        continue_with_key(exchange, key);
}

/* Null bytes for SQL NULL. */
static struct text optional_text(const struct pg_rows *rows, int column)
{
    return pg_rows_is_null(rows, 0, column) ? (struct text){0} : pg_rows_text(rows, 0, column);
}

/* A role that this release does not know grants nothing. */
static int read_policy(const struct pg_rows *rows, struct access_key *ret_key, struct error *err)
{
    struct policy *policy = &ret_key->identity.policy;
    enum role role;
    if (!pg_rows_is_null(rows, 0, ACCESS_KEY_FIND_PROJECT_ID) &&
        uuid_parse(pg_rows_text(rows, 0, ACCESS_KEY_FIND_PROJECT_ID), &ret_key->identity.project) <
            0)
        return error_set(err, ERROR_INTERNAL, "access key %s: malformed project",
                         ret_key->identity.name);
    if (role_parse(pg_rows_text(rows, 0, ACCESS_KEY_FIND_ROLE), &role) == 0)
        grant_role(policy, role);
    grant_limit_actions(policy, optional_text(rows, ACCESS_KEY_FIND_ACTIONS));
    grant_limit_instances(policy, optional_text(rows, ACCESS_KEY_FIND_INSTANCES));
    return 0;
}

static int read_ending(const struct pg_rows *rows, struct access_key *ret_key, struct error *err)
{
    ret_key->is_temporary = !pg_rows_is_null(rows, 0, ACCESS_KEY_FIND_TOKEN_DIGEST);
    ret_key->ends_ms = clock_monotonic_ms() + pg_rows_integer(rows, 0, ACCESS_KEY_FIND_LIFE_MS);
    if (ret_key->is_temporary &&
        pg_rows_bytes(rows, 0, ACCESS_KEY_FIND_TOKEN_DIGEST, ret_key->token_digest,
                      sizeof(ret_key->token_digest)) != sizeof(ret_key->token_digest))
        return error_set(err, ERROR_INTERNAL, "access key %s: malformed digest of its token",
                         ret_key->identity.name);
    return 0;
}

/* Opens the row of an access key; no row makes a key that is not known. */
static int read_key(const struct exchange *exchange, const struct pg_rows *rows,
                    struct access_key *ret_key, struct error *err)
{
    unsigned char sealed[SECRET_OVERHEAD + ACCESS_KEY_CACHE_SECRET_MAX];
    char secret[SECRET_MAX + 1];
    if (rows->row_count == 0) {
        access_key_make_unknown(ret_key);
        return 0;
    }
    ret_key->known = true;
    ptrdiff_t length =
        pg_rows_bytes(rows, 0, ACCESS_KEY_FIND_SEALED_SECRET, sealed, sizeof(sealed));
    if (length < 0)
        return error_set(err, ERROR_SECRET, "access key %s: sealed secret malformed",
                         ret_key->identity.name);
    struct secret_owner owner = access_key_secret_owner(
        pg_rows_string(rows, 0, ACCESS_KEY_FIND_PROJECT_ID), ret_key->identity.name);
    if (secret_open(exchange->loop->server->keyring, &owner, sealed, (size_t)length, secret,
                    &ret_key->secret_length, err) < 0)
        return error_prefix(err, "access key %s", ret_key->identity.name);
    bool fits = ret_key->secret_length <= ACCESS_KEY_CACHE_SECRET_MAX;
    if (fits)
        memcpy(ret_key->secret, secret, ret_key->secret_length + 1);
    secret_cleanse(secret, ret_key->secret_length);
    if (!fits)
        return error_set(err, ERROR_SECRET, "access key %s: secret too long",
                         ret_key->identity.name);
    if (read_policy(rows, ret_key, err) < 0)
        return -1;
    return read_ending(rows, ret_key, err);
}

static void on_key_row(void *argument, struct pg_rows *rows, const struct error *database_error)
{
    struct exchange *exchange = argument;
    if (exchange->req) {
        struct error err = {0};
        struct access_key key = {0};
        memcpy(key.identity.name, exchange->signature.access_key.bytes,
               exchange->signature.access_key.length);
        if (!rows) {
            fail(exchange, database_error);
        } else if (read_key(exchange, rows, &key, &err) < 0) {
            fail(exchange, &err);
        } else {
            access_key_cache_put(exchange->loop->access_keys, &key, clock_monotonic_ms());
            use_key(exchange, &key);
        }
        secret_cleanse(&key, sizeof(key));
    }
    h2o_mem_release_shared(exchange);
}

static int ask_for_key(struct exchange *exchange, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_text(&parameters, exchange->signature.access_key);
    return exchange_submit(exchange, &access_key_find, &parameters, on_key_row, ask_for_key, err);
}

static int look_up_key(struct exchange *exchange, struct error *err)
{
    const struct access_key *key = access_key_cache_find(
        exchange->loop->access_keys, exchange->signature.access_key, clock_monotonic_ms());
    if (key) {
        use_key(exchange, key);
        return 0;
    }
    return ask_for_key(exchange, err);
}

static int find_key(struct exchange *exchange, struct error *err)
{
    struct text id = exchange->signature.access_key;
    if (id.length > ACCESS_KEY_CACHE_ID_MAX || !text_is_utf8(id.bytes, id.length))
        return signature_refuse(err);
    if (limits_admit_key(exchange, err) < 0)
        return -1;
    return look_up_key(exchange, err);
}

int credentials_check(struct exchange *exchange, struct error *err)
{
    const struct config *config = exchange->loop->server->config;
    if (!auth_request_find_header(&exchange->auth, "authorization") &&
        auth_request_find_header(&exchange->auth, "x-auth-token"))
        return token_credentials_check(exchange, err);
    if (signature_parse(&exchange->auth, clock_unix_seconds(), config->signature_window_seconds,
                        &exchange->signature, err) < 0)
        return -1;
    return find_key(exchange, err);
}

void credentials_judge(struct exchange *exchange, exchange_judged_fn *judged)
{
    struct error err = {0};
    exchange->judged = judged;
    int status = exchange->signature.access_key.length > 0
                     ? look_up_key(exchange, &err)
                     : token_credentials_judge(exchange, &err);
    if (status < 0)
        judged(exchange, &err);
}
