/* From a token to an identity: its roles become a policy, its project is the identity's. */
#include "token_credentials.h"

#include <string.h>

#include "answer.h"
#include "api/grant.h"
#include "base/clock.h"
#include "identity_service.h"

static const char header_name[] = "x-auth-token";

static int check_project(const struct exchange *exchange, const struct token *token,
                         struct error *err)
{
    struct uuid project;
    if (!exchange->match.project[0] || exchange->match.operation->for_operators)
        return 0;
    if (route_read_project(&exchange->match, &project, err) < 0)
        return -1;
    return token_check_project(token, &project, err);
}

static void take_identity(struct exchange *exchange, const struct token *token)
{
    struct identity *identity = &exchange->identity;
    memset(identity, 0, sizeof(*identity));
    memcpy(identity->name, token->user, sizeof(identity->name));
    identity->project = token->project;
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (token->roles & 1U << i)
            grant_role(&identity->policy, (enum role)i);
    }
}

static int continue_with_token(struct exchange *exchange, const struct token *token,
                               struct error *err)
{
    if (token_check(token, clock_unix_ms(), err) < 0)
        return -1;
    /* Who it is has been proved, whatever comes of it. */
    take_identity(exchange, token);
    if (check_project(exchange, token, err) < 0)
        return -1;
    if (!exchange->judged)
        return exchange_continue(exchange, err);
    if (exchange_authorise(exchange, err) < 0)
        return -1;
    exchange->judged(exchange, NULL);
    return 0;
}

static void on_verdict(void *argument, const struct token *token, const struct error *service_error)
{
    struct exchange *exchange = argument;
    if (exchange->req) {
        struct error err = {0};
        const struct error *failure = service_error;
        if (token)
            failure = continue_with_token(exchange, token, &err) < 0 ? &err : NULL;
        if (failure && exchange->judged)
            exchange->judged(exchange, failure);
        else if (failure)
            answer_error(exchange, failure);
    }
    h2o_mem_release_shared(exchange);
}

static int ask(struct exchange *exchange, struct text token, struct error *err)
{
    struct identity_service *service = exchange->loop->identity_service;
    unsigned char digest[DIGEST_LENGTH];
    digest_of(token, digest);
    const struct token *known = identity_service_recall(service, digest);
    if (known)
        return continue_with_token(exchange, known, err);
    if (identity_service_ask(service, token, digest, on_verdict, exchange, err) < 0)
        return -1;
    h2o_mem_addref_shared(exchange);
    return 0;
}

int token_credentials_check(struct exchange *exchange, struct error *err)
{
    struct text token = auth_request_find_header(&exchange->auth, header_name)->value;
    if (!exchange->loop->identity_service)
        return error_set(err, ERROR_INVALID_TOKEN, "tokens are not configured");
    if (auth_request_count_headers(&exchange->auth, header_name) != 1)
        return error_set(err, ERROR_INVALID_TOKEN, "more than one token");
    if (!token_is_well_formed(token))
        return error_set(err, ERROR_INVALID_TOKEN, "not of a token's form");
    return ask(exchange, token, err);
}

int token_credentials_judge(struct exchange *exchange, struct error *err)
{
    return ask(exchange, auth_request_find_header(&exchange->auth, header_name)->value, err);
}
