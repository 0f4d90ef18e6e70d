/* Signed requests: the access key is looked up, in the loop's cache or in the database, and the
 * signature verified with its secret. */
#include "credentials.h"

#include <string.h>

#include "answer.h"
#include "api/grant.h"
#include "base/clock.h"
#include "model/access_key_store.h"
#include "token_credentials.h"

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
    int status = verify(exchange, key, &err);
    if (status == 0) {
        exchange->identity = key->identity;
        status = exchange_continue(exchange, &err);
    }
    if (status < 0)
        answer_error(exchange, &err);
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
        return error_set(err, ERROR_SECRET, "access key %s: sealed secret malformed",
                         ret_key->identity.name);
    if (secret_open(exchange->loop->server->keyring, ret_key->identity.name, sealed, (size_t)length,
                    secret, &ret_key->secret_length, err) < 0)
        return error_prefix(err, "access key %s", ret_key->identity.name);
    memcpy(ret_key->secret, secret, ret_key->secret_length + 1);
    secret_cleanse(secret, sizeof(secret));
    bool is_operator = pg_rows_is_null(rows, 0, ACCESS_KEY_FIND_PROJECT_ID);
    grant_role(&ret_key->identity.policy, is_operator ? ROLE_OPERATOR : ROLE_FULL_ACCESS);
    if (!is_operator && uuid_parse(pg_rows_text(rows, 0, ACCESS_KEY_FIND_PROJECT_ID),
                                   &ret_key->identity.project) < 0)
        return error_set(err, ERROR_INTERNAL, "access key %s: malformed project",
                         ret_key->identity.name);
    return 0;
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
            answer_error(exchange, database_error);
        } else if (read_key(exchange, rows, &key, &err) < 0) {
            answer_error(exchange, &err);
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
    return exchange_submit(exchange, &access_key_find, &parameters, on_key_row, err);
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
