/* Requests to every operation, bound to its statement: either an error of the client's, or all of
 * the statement's parameters, none of which the database would refuse as text. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/login.h"
#include "api/operation.h"
#include "api/route.h"
#include "auth/replay.h"
#include "base/json.h"
#include "fuzz_request.h"

enum { BATCH_KEYS_MAX = 1000 };

static const struct api_context *context(void)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    static struct api_context made;
    static struct keyring *keyring;
    if (!keyring) {
        char path[] = "/tmp/fuzz-keyring-XXXXXX";
        struct error err = {0};
        int file = mkstemp(path);
        if (file < 0 || write(file, key, sizeof(key) - 1) != sizeof(key) - 1 ||
            keyring_load(path, &keyring, &err) < 0)
            abort();
        close(file);
        unlink(path);
        made = (struct api_context){.keyring = keyring, .expired_batch_keys_max = BATCH_KEYS_MAX};
    }
    return &made;
}

static void check_parameters(const struct operation *operation,
                             const struct pg_parameters *parameters)
{
    assert(parameters->count == operation->statement->parameter_count);
    for (int i = 0; i < parameters->count; i++) {
        const char *value = parameters->values[i];
        assert(!value || text_is_utf8(value, strlen(value)));
    }
}

static void check_error(const struct error *err)
{
    int status = error_describe(err->code)->http_status;
    char message[2048];
    assert(err->code != ERROR_NONE && status >= 400 && status < 500);
    error_public_message(err, message, sizeof(message));
    assert(message[0]);
}

/* As the server prepares it. */
static int prepare(const struct fuzz_request *input, const struct route_match *match,
                   struct replay *replay, struct api_request *request, struct error *err)
{
    static const unsigned char signature[DIGEST_LENGTH];
    const struct auth_header *if_match = auth_request_find_header(&input->auth, "if-match");
    if (route_read_ids(match, request, err) < 0 ||
        api_query_parse(fuzz_request_query(input), &request->query, err) < 0 ||
        replay_read(&input->auth, signature, replay, err) < 0)
        return -1;
    request->context = context();
    request->body = input->auth.body;
    request->if_match = if_match ? text_trim(if_match->value) : (struct text){0};
    request->signature_token = replay->signature_token;
    request->fingerprint = replay->fingerprint;
    request->idempotency_token = replay->has_key ? replay->key_token : NULL;
    assert(uuid_parse(TEXT("5560df16-cebf-4473-95c4-d1b573c16e79"), &request->new_id) == 0);
    return 0;
}

/* A race that was lost binds the same request again. */
static void bind_twice(struct api_request *request)
{
    static struct pg_parameters parameters[2];
    int statuses[2];
    for (int i = 0; i < 2; i++) {
        struct error err = {0};
        api_request_release(request);
        pg_parameters_init(&parameters[i]);
        statuses[i] = request->operation->bind(request, &parameters[i], &err);
        if (statuses[i] == 0)
            check_parameters(request->operation, &parameters[i]);
        else
            check_error(&err);
    }
    assert(statuses[0] == statuses[1]);
    api_request_release(request);
}

/* What is read of it can be sent on. */
static void read_login(struct api_request *request)
{
    struct login login;
    struct error err = {0};
    if (json_body_parse(request->body, &request->object, &err) < 0 ||
        login_read(request->object, &login, &err) < 0) {
        check_error(&err);
    } else {
        char *body = login_write(&login);
        assert(text_is_utf8(body, strlen(body)));
        free(body);
    }
    api_request_release(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct fuzz_request input;
    struct route_match match;
    struct replay replay;
    struct error err = {0};
    struct api_request *request = calloc(1, sizeof(*request));
    if (!request)
        abort();
    fuzz_request_init(&input, (struct text){(const char *)bytes, length});
    if (route_find(input.auth.method, fuzz_request_path(&input), &match, &err) < 0 ||
        prepare(&input, &match, &replay, request, &err) < 0)
        check_error(&err);
    else if (operation_is_login(match.operation))
        read_login(request);
    else
        bind_twice(request);
    fuzz_request_release(&input);
    free(request);
    return 0;
}
