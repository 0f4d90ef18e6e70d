/* Passes a log-in on to the identity service, within limits, and its token back.  Nothing is kept
 * of either. */
#include "login.h"

#include <stdio.h>

#include "answer.h"
#include "api/login.h"
#include "base/json.h"
#include "connection.h"
#include "identity_login.h"

static void take_identity(struct exchange *exchange, const struct token *token)
{
    struct identity *identity = &exchange->identity;
    snprintf(identity->name, sizeof(identity->name), "%s", token->user);
    identity->project = token->project;
    connection_prove(exchange->connection);
}

static void answer(struct exchange *exchange, const struct login_answer *login)
{
    struct error err = {0};
    struct api_reply reply;
    api_reply_init(&reply);
    /* Who it is has been proved, whatever comes of it. */
    take_identity(exchange, &login->token);
    if (login_render(login, &reply, &err) < 0)
        answer_error(exchange, &err);
    else
        answer_reply(exchange, &reply);
    api_reply_release(&reply);
}

static void on_logged_in(void *argument, const struct login_answer *login,
                         const struct error *service_error)
{
    struct exchange *exchange = argument;
    /* Also for a client that does not wait for it: that would be a way to guess on. */
    if (login || service_error->code == ERROR_LOGIN_REFUSED)
        limits_note_proof(exchange, login != NULL);
    if (exchange->req && login)
        answer(exchange, login);
    else if (exchange->req)
        answer_error(exchange, service_error);
    h2o_mem_release_shared(exchange);
}

/* What the audit log says of it: the user who was claimed, and where to. */
static void take_claim(struct exchange *exchange, const struct login *login)
{
    struct exchange_claim *claim = &exchange->claim;
    snprintf(claim->user, sizeof(claim->user), "%.*s", (int)login->user.length, login->user.bytes);
    snprintf(claim->target, sizeof(claim->target), "%.*s/%.*s", (int)login->user_domain.length,
             login->user_domain.bytes, (int)login->project.length, login->project.bytes);
}

int login_serve(struct exchange *exchange, struct error *err)
{
    struct identity_logins *logins = exchange->loop->identity_logins;
    struct api_request *request = &exchange->request;
    struct login login;
    if (!logins)
        return error_set(err, ERROR_UNKNOWN_PATH, "log-ins are not configured");
    if (limits_admit_login(exchange, err) < 0 ||
        json_body_parse(exchange->auth.body, &request->object, err) < 0 ||
        login_read(request->object, &login, err) < 0)
        return -1;
    take_claim(exchange, &login);
    if (limits_admit_user(exchange, login.user_domain, login.user, err) < 0 ||
        identity_log_in(logins, &login, on_logged_in, exchange, err) < 0)
        return -1;
    json_object_del(request->object, "password");
    h2o_mem_addref_shared(exchange);
    return 0;
}
