/* Validations in flight, who waits for them, and the token by which we ask. */
#include "identity_service.h"

#include <stdlib.h>
#include <string.h>

#include "auth/cache.h"
#include "auth/metrics.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "breaker.h"
#include "client.h"

/* Our own token is renewed when a quarter of its life is left, or this, and at most so often. */
enum { RENEW_BEFORE_MS = 60000, LOGIN_AGAIN_MS = 5000 };

/* Keystone revokes by whole seconds: what is issued in the second in which our password changes is
 * revoked with all that was issued before.  A token of ours that is denied so early is replaced by
 * one of another second; twice in all, for each validation. */
enum { YOUNG_MS = 2000, REST_MS = 1100, DENIALS_MAX = 2 };

/* From here on a failure is slow. */
enum { SLOW_MS = 1000 };

struct waiter {
    struct waiter *next;
    identity_done_fn *done;
    void *argument;
};

struct validation {
    h2o_linklist_t link; /* in `waiting` or `asking` */
    struct identity_service *service;
    unsigned char digest[DIGEST_LENGTH];
    char token[TOKEN_TEXT_MAX + 1];
    int64_t started_ms;
    unsigned login; /* the one by which it was asked */
    int denials;    /* for our own token's sake */
    bool is_probe;
    int waiter_count;
    struct waiter *waiters;
};

struct identity_service {
    const struct identity_settings *settings;
    struct client *client;
    struct cache *tokens; /* of struct token, by digest */
    struct breaker breaker;
    h2o_linklist_t waiting; /* for our own token */
    h2o_linklist_t asking;
    int validation_count;

    /* Our own token: empty where there is none. */
    char token[TOKEN_TEXT_MAX + 1];
    unsigned login; /* how many there have been */
    bool is_logging_in;
    enum password_which which; /* the login is by */
    char *login_body;          /* of the login that is under way, and the password in it */
    struct password_text password;
    int64_t login_at_ms; /* when the tick begins the next one */
    int64_t login_began_ms;
    int64_t rest_until_ms; /* nobody logs in before */
};

static struct validation *validation_of(h2o_linklist_t *link)
{
    return H2O_STRUCT_FROM_MEMBER(struct validation, link, link);
}

static void move(struct validation *validation, h2o_linklist_t *list)
{
    if (h2o_linklist_is_linked(&validation->link))
        h2o_linklist_unlink(&validation->link);
    h2o_linklist_insert(list, &validation->link);
}

static void note_failure(struct identity_service *service, const struct validation *validation,
                         bool was_slow, const struct error *err)
{
    if (breaker_fail(&service->breaker, validation->is_probe, was_slow, clock_monotonic_ms()))
        LOG_WARNING("identity_service_lost", LOG_ERROR_FIELDS(err));
}

static void note_success(struct identity_service *service)
{
    if (breaker_succeed(&service->breaker))
        LOG_INFO("identity_service_back");
}

/* Tells all who wait, who may ask again from within, and is gone. */
static void finish(struct validation *validation, const struct token *token,
                   const struct error *err)
{
    h2o_linklist_unlink(&validation->link);
    validation->service->validation_count--;
    while (validation->waiters) {
        struct waiter *waiter = validation->waiters;
        validation->waiters = waiter->next;
        waiter->done(waiter->argument, token, err);
        free(waiter);
    }
    secret_cleanse(validation, sizeof(*validation));
    free(validation);
}

static void fail(struct validation *validation, bool was_slow, const struct error *err)
{
    note_failure(validation->service, validation, was_slow, err);
    finish(validation, NULL, err);
}

static void succeed(struct validation *validation, const struct token *token)
{
    struct identity_service *service = validation->service;
    int64_t lifetime_ms = service->settings->cache_ms;
    struct text digest = {(const char *)validation->digest, DIGEST_LENGTH};
    if (!token->is_known && lifetime_ms > IDENTITY_UNKNOWN_MS)
        lifetime_ms = IDENTITY_UNKNOWN_MS;
    cache_put(service->tokens, digest, token, clock_monotonic_ms(), lifetime_ms);
    note_success(service);
    finish(validation, token, NULL);
}

static void log_in(struct identity_service *service);
static void ask(struct validation *validation);

static void await_login(struct validation *validation)
{
    struct identity_service *service = validation->service;
    move(validation, &service->waiting);
    log_in(service);
}

static void drop_token(struct identity_service *service)
{
    int64_t now_ms = clock_monotonic_ms();
    service->token[0] = '\0';
    if (now_ms - service->login_began_ms < YOUNG_MS)
        service->rest_until_ms = now_ms + REST_MS;
}

/* Our own token is not valid any more: it was revoked, or the service's keys are others.  Another
 * login is worth a try, which all who were denied by the same token share. */
static void ask_by_another_login(struct validation *validation)
{
    struct identity_service *service = validation->service;
    struct error err = {0};
    if (validation->denials++ == DENIALS_MAX) {
        error_set(&err, ERROR_UNAVAILABLE, "identity service: our own token is not accepted");
        fail(validation, false, &err);
        return;
    }
    if (validation->login == service->login && service->token[0])
        drop_token(service);
    if (service->token[0])
        ask(validation);
    else
        await_login(validation);
}

/* What makes a request of ours wrong can only be the token in it: the rest is always the same. */
static bool is_about_the_token(const struct client_answer *answer)
{
    switch (answer->status) {
    case 400:
    case 413:
    case 414:
    case 431:
        return true;
    case 404:
        return token_is_refusal(answer->body, 404);
    default:
        return false;
    }
}

static int read_token(const struct validation *validation, const struct client_answer *answer,
                      struct token *ret_token, struct error *err)
{
    *ret_token = (struct token){0};
    if (is_about_the_token(answer))
        return 0;
    if (answer->status != 200)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: status %d", answer->status);
    return token_read(answer->body, &validation->service->settings->roles, ret_token, err);
}

static void on_validated(void *argument, const struct client_answer *answer,
                         const struct error *client_error)
{
    struct validation *validation = argument;
    struct error err = {0};
    struct token token;
    bool is_slow = clock_monotonic_ms() - validation->started_ms >= SLOW_MS;
    if (!answer) {
        error_set(&err, ERROR_UNAVAILABLE, "identity service: %s", client_error->text);
        fail(validation, is_slow, &err);
    } else if (answer->status == 401 && token_is_refusal(answer->body, 401)) {
        ask_by_another_login(validation);
    } else if (read_token(validation, answer, &token, &err) < 0) {
        fail(validation, is_slow, &err);
    } else {
        succeed(validation, &token);
    }
}

static void ask(struct validation *validation)
{
    struct identity_service *service = validation->service;
    int64_t left_ms = validation->started_ms + IDENTITY_TIMEOUT_MS - clock_monotonic_ms();
    const struct client_request request = {
        .url = service->settings->tokens_url,
        .headers = {{"X-Auth-Token", service->token}, {"X-Subject-Token", validation->token}},
        .timeout_ms = left_ms > 0 ? left_ms : 1,
    };
    move(validation, &service->asking);
    validation->login = service->login;
    client_send(service->client, &request, on_validated, validation);
}

/* Those who wait for our login since before that moment. */
static void fail_waiting(struct identity_service *service, int64_t before_ms,
                         const struct error *err)
{
    h2o_linklist_t failed;
    h2o_linklist_init_anchor(&failed);
    for (h2o_linklist_t *link = service->waiting.next, *next; link != &service->waiting;
         link = next) {
        next = link->next;
        if (validation_of(link)->started_ms <= before_ms)
            move(validation_of(link), &failed);
    }
    while (!h2o_linklist_is_empty(&failed))
        fail(validation_of(failed.next), true, err);
}

static int read_login(struct identity_service *service, const struct client_answer *answer,
                      int64_t *ret_lifetime_ms, struct error *err)
{
    if (answer->status != 201)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: our login: status %d",
                         answer->status);
    if (token_read_lifetime(answer->body, ret_lifetime_ms, err) < 0)
        return -1;
    if (!token_is_well_formed(answer->header))
        return error_set(err, ERROR_UNAVAILABLE, "identity service: our login: no token");
    memcpy(service->token, answer->header.bytes, answer->header.length);
    service->token[answer->header.length] = '\0';
    service->login++;
    return 0;
}

static void end_login(struct identity_service *service)
{
    service->is_logging_in = false;
    secret_cleanse_text(service->login_body);
    free(service->login_body);
    service->login_body = NULL;
}

static void note_accepted(const struct identity_service *service)
{
    if (service->settings->password)
        password_note_accepted(service->settings->password, service->which, &service->password);
}

static void log_in_with(struct identity_service *service, enum password_which which);

/* Our password may have been changed in the file alone so far. */
static bool try_accepted(struct identity_service *service)
{
    if (service->which == PASSWORD_ACCEPTED || !password_has_accepted(service->settings->password))
        return false;
    log_in_with(service, PASSWORD_ACCEPTED);
    return true;
}

static void on_logged_in(void *argument, const struct client_answer *answer,
                         const struct error *client_error)
{
    struct identity_service *service = argument;
    struct error err = {0};
    int64_t now_ms = clock_monotonic_ms(), lifetime_ms = 0;
    end_login(service);
    if (answer && answer->status == 401 && try_accepted(service))
        return;
    service->login_at_ms = now_ms + LOGIN_AGAIN_MS;
    if (!answer)
        error_set(&err, ERROR_UNAVAILABLE, "identity service: our login: %s", client_error->text);
    if (!answer || read_login(service, answer, &lifetime_ms, &err) < 0) {
        LOG_WARNING("identity_login_failed", LOG_ERROR_FIELDS(&err));
        fail_waiting(service, now_ms, &err);
        return;
    }
    note_accepted(service);
    LOG_INFO("identity_logged_in", LOG_NUMBER("seconds", lifetime_ms / 1000));
    int64_t reserve_ms = lifetime_ms / 4 < RENEW_BEFORE_MS ? lifetime_ms / 4 : RENEW_BEFORE_MS;
    if (lifetime_ms - reserve_ms > LOGIN_AGAIN_MS)
        service->login_at_ms = now_ms + lifetime_ms - reserve_ms;
    while (!h2o_linklist_is_empty(&service->waiting))
        ask(validation_of(service->waiting.next));
}

static void log_in_with(struct identity_service *service, enum password_which which)
{
    service->login_body = identity_settings_login(service->settings, which, &service->password);
    const struct client_request request = {
        .url = service->settings->tokens_url,
        .body = service->login_body,
        .wanted_header = "x-subject-token",
        .timeout_ms = IDENTITY_TIMEOUT_MS,
    };
    service->is_logging_in = true;
    service->login_began_ms = clock_monotonic_ms();
    service->which = which;
    client_send(service->client, &request, on_logged_in, service);
}

static void log_in(struct identity_service *service)
{
    if (!service->is_logging_in && clock_monotonic_ms() >= service->rest_until_ms)
        log_in_with(service, PASSWORD_OF_FILE);
}

const struct token *identity_service_recall(struct identity_service *service,
                                            const unsigned char digest[DIGEST_LENGTH])
{
    const struct text name = {(const char *)digest, DIGEST_LENGTH};
    return auth_note_lookup(&auth_metric_tokens,
                            cache_find(service->tokens, name, clock_monotonic_ms()));
}

static struct validation *find_in(const h2o_linklist_t *list, const unsigned char *digest)
{
    for (h2o_linklist_t *link = list->next; link != list; link = link->next) {
        if (memcmp(validation_of(link)->digest, digest, DIGEST_LENGTH) == 0)
            return validation_of(link);
    }
    return NULL;
}

static int begin(struct identity_service *service, struct text token, const unsigned char *digest,
                 struct validation **ret_validation, struct error *err)
{
    bool is_probe;
    int64_t now_ms = clock_monotonic_ms();
    if (service->validation_count == IDENTITY_VALIDATIONS_MAX)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: %d validations in flight",
                         IDENTITY_VALIDATIONS_MAX);
    if (!breaker_admits(&service->breaker, now_ms, &is_probe))
        return error_set(err, ERROR_UNAVAILABLE, "identity service: away");
    struct validation *validation = calloc(1, sizeof(*validation));
    if (!validation)
        abort();
    validation->service = service;
    validation->is_probe = is_probe;
    validation->started_ms = now_ms;
    memcpy(validation->digest, digest, DIGEST_LENGTH);
    memcpy(validation->token, token.bytes, token.length);
    service->validation_count++;
    if (service->token[0])
        ask(validation);
    else
        await_login(validation);
    *ret_validation = validation;
    return 0;
}

int identity_service_ask(struct identity_service *service, struct text token,
                         const unsigned char digest[DIGEST_LENGTH], identity_done_fn *done,
                         void *argument, struct error *err)
{
    struct validation *validation = find_in(&service->waiting, digest);
    if (!validation)
        validation = find_in(&service->asking, digest);
    if (!validation && begin(service, token, digest, &validation, err) < 0)
        return -1;
    if (validation->waiter_count == IDENTITY_WAITERS_MAX)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: %d requests wait for a token",
                         IDENTITY_WAITERS_MAX);
    struct waiter *waiter = calloc(1, sizeof(*waiter));
    if (!waiter)
        abort();
    *waiter = (struct waiter){validation->waiters, done, argument};
    validation->waiters = waiter;
    validation->waiter_count++;
    return 0;
}

void identity_service_tick(struct identity_service *service)
{
    struct error err = {0};
    int64_t now_ms = clock_monotonic_ms();
    client_tick(service->client);
    error_set(&err, ERROR_UNAVAILABLE, "identity service: our login takes too long");
    fail_waiting(service, now_ms - IDENTITY_TIMEOUT_MS, &err);
    if (now_ms >= service->login_at_ms || !h2o_linklist_is_empty(&service->waiting))
        log_in(service);
}

struct identity_service *identity_service_new(struct loop *loop,
                                              const struct identity_settings *settings)
{
    struct identity_service *service = calloc(1, sizeof(*service));
    if (!service)
        abort();
    service->settings = settings;
    service->client = client_new(loop, settings->ca);
    service->tokens = cache_new(settings->cache_entries, sizeof(struct token));
    h2o_linklist_init_anchor(&service->waiting);
    h2o_linklist_init_anchor(&service->asking);
    return service;
}

void identity_service_free(struct identity_service *service)
{
    struct error err = {0};
    if (!service)
        return;
    client_free(service->client);
    end_login(service);
    error_set(&err, ERROR_UNAVAILABLE, "closing");
    while (!h2o_linklist_is_empty(&service->waiting))
        finish(validation_of(service->waiting.next), NULL, &err);
    while (!h2o_linklist_is_empty(&service->asking))
        finish(validation_of(service->asking.next), NULL, &err);
    cache_free(service->tokens);
    secret_cleanse(service, sizeof(*service));
    free(service);
}
