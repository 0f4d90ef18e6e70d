/* Log-ins in flight, and their breaker. */
#include "identity_login.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "breaker.h"
#include "client.h"

/* From here on a failure is slow. */
enum { SLOW_MS = 1000 };

struct identity_logins {
    const struct identity_settings *settings;
    struct client *client;
    struct breaker breaker;
    h2o_linklist_t asking;
    int count;
};

struct asking {
    h2o_linklist_t link;
    struct identity_logins *logins;
    char *body; /* and the password in it */
    int64_t started_ms;
    bool is_probe;
    identity_login_fn *done;
    void *argument;
};

static void finish(struct asking *asking, const struct login_answer *answer,
                   const struct error *err)
{
    h2o_linklist_unlink(&asking->link);
    asking->logins->count--;
    secret_cleanse_text(asking->body);
    free(asking->body);
    asking->done(asking->argument, answer, err);
    free(asking);
}

static void note_silence(const struct asking *asking, const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    bool was_slow = now_ms - asking->started_ms >= SLOW_MS;
    if (breaker_fail(&asking->logins->breaker, asking->is_probe, was_slow, now_ms))
        LOG_WARNING("identity_service_lost", LOG_ERROR_FIELDS(err));
}

static void note_answer(struct identity_logins *logins)
{
    if (breaker_succeed(&logins->breaker))
        LOG_INFO("identity_service_back");
}

static int read_answer(const struct asking *asking, const struct client_answer *answer,
                       struct login_answer *ret_login, struct error *err)
{
    if (login_is_refusal(answer->body, answer->status))
        return error_set(err, ERROR_LOGIN_REFUSED, "identity service: status %d", answer->status);
    if (answer->status != 201)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: a login: status %d",
                         answer->status);
    return login_read_answer(answer->body, answer->header, &asking->logins->settings->roles,
                             ret_login, err);
}

static void on_answer(void *argument, const struct client_answer *answer,
                      const struct error *client_error)
{
    struct asking *asking = argument;
    struct login_answer login = {0};
    struct error err = {0};
    if (!answer) {
        error_set(&err, ERROR_UNAVAILABLE, "identity service: a login: %s", client_error->text);
        note_silence(asking, &err);
        finish(asking, NULL, &err);
        return;
    }
    note_answer(asking->logins);
    bool has_token = read_answer(asking, answer, &login, &err) == 0;
    finish(asking, has_token ? &login : NULL, has_token ? NULL : &err);
}

static void ask(struct asking *asking)
{
    struct identity_logins *logins = asking->logins;
    const struct client_request request = {
        .url = logins->settings->tokens_url,
        .body = asking->body,
        .wanted_header = "x-subject-token",
        .timeout_ms = IDENTITY_LOGIN_TIMEOUT_MS,
    };
    client_send(logins->client, &request, on_answer, asking);
}

int identity_log_in(struct identity_logins *logins, const struct login *login,
                    identity_login_fn *done, void *argument, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    bool is_probe;
    if (logins->count == IDENTITY_LOGINS_MAX)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: %d logins in flight",
                         IDENTITY_LOGINS_MAX);
    if (!breaker_admits(&logins->breaker, now_ms, &is_probe))
        return error_set(err, ERROR_UNAVAILABLE, "identity service: away");
    struct asking *asking = calloc(1, sizeof(*asking));
    if (!asking)
        abort();
    *asking = (struct asking){.logins = logins,
                              .body = login_write(login),
                              .started_ms = now_ms,
                              .is_probe = is_probe,
                              .done = done,
                              .argument = argument};
    h2o_linklist_insert(&logins->asking, &asking->link);
    logins->count++;
    ask(asking);
    return 0;
}

void identity_logins_tick(struct identity_logins *logins)
{
    client_tick(logins->client);
}

struct identity_logins *identity_logins_new(struct loop *loop,
                                            const struct identity_settings *settings)
{
    struct identity_logins *logins = calloc(1, sizeof(*logins));
    if (!logins)
        abort();
    logins->settings = settings;
    logins->client = client_new(loop, settings->ca);
    h2o_linklist_init_anchor(&logins->asking);
    return logins;
}

void identity_logins_free(struct identity_logins *logins)
{
    struct error err = {0};
    if (!logins)
        return;
    client_free(logins->client);
    error_set(&err, ERROR_UNAVAILABLE, "closing");
    while (!h2o_linklist_is_empty(&logins->asking))
        finish(H2O_STRUCT_FROM_MEMBER(struct asking, link, logins->asking.next), NULL, &err);
    free(logins);
}
