/* The form of a log-in, both ways. */
#include "api/login.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"

static int read_text(const json_t *object, const char *name, size_t longest, struct text *ret_text,
                     struct error *err)
{
    if (json_get_text(object, name, longest, ret_text, err) < 0)
        return -1;
    if (ret_text->length == 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
    return 0;
}

int login_read(const json_t *object, struct login *ret_login, struct error *err)
{
    struct login *login = ret_login;
    if (read_text(object, "user", LOGIN_FIELD_MAX, &login->user, err) < 0 ||
        read_text(object, "domain", LOGIN_FIELD_MAX, &login->user_domain, err) < 0 ||
        read_text(object, "password", SECRET_PASSWORD_MAX, &login->password, err) < 0 ||
        read_text(object, "project", LOGIN_FIELD_MAX, &login->project, err) < 0)
        return -1;
    login->project_domain = login->user_domain;
    return 0;
}

/* The widest of its roles; they are listed so. */
static const char *name_of_roles(unsigned roles)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        if (roles & 1U << role)
            return role_name((enum role)role);
    }
    return NULL;
}

int login_render(const struct login_answer *answer, struct api_reply *reply, struct error *err)
{
    const struct token *token = &answer->token;
    struct json_writer *body = &reply->body;
    char expires_at[CLOCK_ISO_LENGTH + 1], project[UUID_HEX_LENGTH + 1];
    const char *role = name_of_roles(token->roles);
    if (token->scope != TOKEN_SCOPE_PROJECT || !role)
        return error_set(err, ERROR_FORBIDDEN, "%s has no role here", token->user);
    clock_format_iso(token->expires_at_ms, expires_at);
    uuid_format_hex(&token->project, project);
    body->is_secret = true;
    json_writer_begin_object(body);
    json_writer_name(body, "token");
    json_writer_text(body, answer->text.bytes, answer->text.length);
    json_writer_member_text(body, "expires_at", expires_at);
    json_writer_member_text(body, "project_id", project);
    if (answer->project_name[0])
        json_writer_member_text(body, "project_name", answer->project_name);
    json_writer_member_text(body, "role", role);
    json_writer_end_object(body);
    return 0;
}
