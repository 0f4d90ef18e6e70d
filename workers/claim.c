/* Takes a task and makes what a scan needs out of its row. */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "model/instance_store.h"
#include "model/scan_task_store.h"

enum { TARGET = SCAN_TASK_CLAIM_FIRST_OF_INSTANCE };

static char *copy_column(const struct pg_rows *rows, int column)
{
    struct text text = pg_rows_text(rows, 0, column);
    return pg_rows_is_null(rows, 0, column) ? NULL : text_copy(text.bytes, text.length);
}

static int open_password(const struct pg_rows *rows, const struct keyring *keyring,
                         struct claim *claim, struct error *err)
{
    unsigned char sealed[SECRET_MAX + SECRET_OVERHEAD];
    char password[SECRET_MAX + 1];
    size_t length;
    int column = TARGET + INSTANCE_TARGET_SEALED_PASSWORD;
    if (pg_rows_is_null(rows, 0, column))
        return 0;
    ptrdiff_t sealed_length = pg_rows_bytes(rows, 0, column, sealed, sizeof(sealed));
    if (sealed_length < 0)
        return error_set(err, ERROR_SECRET, "sealed password malformed");
    if (secret_open(keyring, claim->instance.text, sealed, (size_t)sealed_length, password, &length,
                    err) < 0)
        return -1;
    claim->password = text_copy(password, length);
    secret_cleanse(password, sizeof(password));
    return 0;
}

static int read_endpoint(const struct pg_rows *rows, struct claim *claim, struct error *err)
{
    struct text endpoints = pg_rows_text(rows, 0, TARGET + INSTANCE_TARGET_ENDPOINTS);
    struct text mode = pg_rows_text(rows, 0, TARGET + INSTANCE_TARGET_CACHE_MODE);
    if (!text_equals(mode, TEXT("single")) && !text_equals(mode, TEXT("ha")))
        return error_set(err, ERROR_REDIS_REFUSED, "cannot scan an instance of mode %.*s",
                         (int)mode.length, mode.bytes);
    const char *comma = memchr(endpoints.bytes, ',', endpoints.length);
    if (comma)
        endpoints.length = (size_t)(comma - endpoints.bytes);
    if (endpoint_parse(endpoints, &claim->target.endpoint) < 0)
        return error_set(err, ERROR_REDIS_CONNECTION, "'%.*s' is no endpoint",
                         (int)endpoints.length, endpoints.bytes);
    return 0;
}

static int read_target(const struct pg_rows *rows, const struct config *config,
                       const struct keyring *keyring, struct claim *claim, struct error *err)
{
    claim->tls_ca = copy_column(rows, TARGET + INSTANCE_TARGET_TLS_CA);
    claim->tls_server_name = copy_column(rows, TARGET + INSTANCE_TARGET_TLS_SERVER_NAME);
    claim->username = copy_column(rows, TARGET + INSTANCE_TARGET_USERNAME);
    if (open_password(rows, keyring, claim, err) < 0)
        return -1;
    claim->target = (struct redis_target){
        .tls = pg_rows_boolean(rows, 0, TARGET + INSTANCE_TARGET_ENABLE_SSL),
        .tls_ca = claim->tls_ca,
        .tls_server_name = claim->tls_server_name,
        .username = claim->username,
        .password = claim->password,
        .connect_timeout_ms = (int)config->redis_connect_timeout_ms,
        .reply_timeout_ms = (int)config->redis_reply_timeout_ms,
    };
    return read_endpoint(rows, claim, err);
}

static int read_task(const struct pg_rows *rows, struct claim *claim, struct error *err)
{
    if (uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_PROJECT_ID), &claim->project) < 0 ||
        uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_INSTANCE_ID), &claim->instance) < 0 ||
        uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_ID), &claim->task) < 0)
        return error_set(err, ERROR_DATABASE_STATEMENT, "claim: malformed id");
    claim->fence = pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_FENCE);
    claim->attempt = (int)pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_ATTEMPT);
    claim->instance_name = copy_column(rows, TARGET + INSTANCE_TARGET_NAME);
    claim->kind = scan_kind_find(pg_rows_string(rows, 0, SCAN_TASK_CLAIM_KIND));
    return 0;
}

int claim_next(struct pg_session *session, const struct config *config,
               const struct keyring *keyring, const char *owner, struct claim *ret_claim,
               struct error *ret_unusable, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, owner);
    pg_parameters_add_integer(&parameters, config->lease_seconds);
    pg_parameters_add_integer(&parameters, config->attempts_max);
    if (pg_session_execute(session, &scan_task_claim, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return 0;
    *ret_claim = (struct claim){0};
    if (read_task(&rows, ret_claim, err) < 0) {
        claim_release(ret_claim);
        return -1;
    }
    if (!ret_claim->kind)
        error_set(ret_unusable, ERROR_CONFIG, "this worker does not know the kind '%s'",
                  pg_rows_string(&rows, 0, SCAN_TASK_CLAIM_KIND));
    else
        read_target(&rows, config, keyring, ret_claim, ret_unusable);
    return 1;
}

void claim_release(struct claim *claim)
{
    if (claim->password)
        secret_cleanse(claim->password, strlen(claim->password));
    free(claim->password);
    free(claim->username);
    free(claim->tls_server_name);
    free(claim->tls_ca);
    free(claim->instance_name);
    *claim = (struct claim){0};
}
