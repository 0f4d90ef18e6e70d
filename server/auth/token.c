/* Answers of the identity service are foreign text: nothing is taken from them that was not looked
 * at. */
#include "auth/token.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"

static int add_role(struct text part, struct token_roles *roles, struct error *err)
{
    const char *equals = part.length ? memchr(part.bytes, '=', part.length) : NULL;
    size_t length = equals ? (size_t)(equals - part.bytes) : part.length;
    struct text name = text_trim((struct text){part.bytes, length});
    enum role role;
    if (!equals || name.length == 0 || name.length > TOKEN_ROLE_NAME_MAX)
        return error_set(err, ERROR_CONFIG, "'%.*s' is not of the form name=role", (int)part.length,
                         part.bytes);
    if (role_parse(text_trim((struct text){equals + 1, part.length - length - 1}), &role) < 0)
        return error_set(err, ERROR_CONFIG, "'%.*s' names no built-in role", (int)part.length,
                         part.bytes);
    if (roles->count == TOKEN_ROLES_MAX)
        return error_set(err, ERROR_CONFIG, "more than %d roles", TOKEN_ROLES_MAX);
    memcpy(roles->entries[roles->count].name, name.bytes, name.length);
    roles->entries[roles->count++].role = role;
    return 0;
}

int token_roles_parse(struct text text, struct token_roles *ret_roles, struct error *err)
{
    memset(ret_roles, 0, sizeof(*ret_roles));
    for (bool more = text.length > 0; more;) {
        const char *comma = text.length ? memchr(text.bytes, ',', text.length) : NULL;
        size_t length = comma ? (size_t)(comma - text.bytes) : text.length;
        size_t step = comma ? length + 1 : length;
        if (add_role((struct text){text.bytes, length}, ret_roles, err) < 0)
            return -1;
        text = (struct text){text.bytes + step, text.length - step};
        more = comma != NULL;
    }
    return 0;
}

bool token_is_well_formed(struct text token)
{
    if (token.length == 0 || token.length > TOKEN_TEXT_MAX)
        return false;
    for (size_t i = 0; i < token.length; i++) {
        if (token.bytes[i] <= ' ' || token.bytes[i] > '~')
            return false;
    }
    return true;
}

/* Of the whole answer, which belongs to the caller, the member `token`. */
static int parse(struct text body, json_t **ret_answer, const json_t **ret_token, struct error *err)
{
    struct error problem = {0};
    if (json_body_parse(body, ret_answer, &problem) < 0)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: %s", problem.text);
    *ret_token = json_object_get(*ret_answer, "token");
    if (!json_is_object(*ret_token))
        return error_set(err, ERROR_UNAVAILABLE, "identity service: an answer without a token");
    return 0;
}

static int read_time(const json_t *token, const char *name, int64_t *ret_ms, struct error *err)
{
    const json_t *member = json_object_get(token, name);
    if (!json_is_string(member) ||
        clock_parse_iso(json_string_value(member), (int)json_string_length(member), ret_ms) < 0)
        return error_set(err, ERROR_UNAVAILABLE, "identity service: a token without %s", name);
    return 0;
}

static void read_scope(const json_t *token, struct token *ret_token)
{
    const json_t *project = json_object_get(json_object_get(token, "project"), "id");
    const json_t *system = json_object_get(json_object_get(token, "system"), "all");
    struct text id = {json_string_value(project), json_string_length(project)};
    if (id.bytes && uuid_parse_any(id, &ret_token->project) == 0)
        ret_token->scope = TOKEN_SCOPE_PROJECT;
    else if (!id.bytes && json_is_true(system))
        ret_token->scope = TOKEN_SCOPE_SYSTEM;
}

static unsigned roles_of(const char *name, const struct token_roles *roles)
{
    unsigned found = 0;
    for (int i = 0; i < roles->count; i++) {
        if (strcmp(roles->entries[i].name, name) == 0)
            found |= 1U << roles->entries[i].role;
    }
    return found;
}

static void read_roles(const json_t *token, const struct token_roles *roles,
                       struct token *ret_token)
{
    size_t index;
    const json_t *entry, *list = json_object_get(token, "roles");
    json_array_foreach(list, index, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        if (name)
            ret_token->roles |= roles_of(name, roles);
    }
    unsigned operator= 1U << ROLE_OPERATOR;
    switch (ret_token->scope) {
    case TOKEN_SCOPE_NONE:
        ret_token->roles = 0;
        break;
    case TOKEN_SCOPE_PROJECT:
        ret_token->roles &= ~operator;
        break;
    case TOKEN_SCOPE_SYSTEM:
        ret_token->roles &= operator;
        break;
    }
}

int token_read(struct text body, const struct token_roles *roles, struct token *ret_token,
               struct error *err)
{
    SCOPED(json_cleanup) json_t *answer = NULL;
    const json_t *token = NULL;
    memset(ret_token, 0, sizeof(*ret_token));
    if (parse(body, &answer, &token, err) < 0 ||
        read_time(token, "expires_at", &ret_token->expires_at_ms, err) < 0)
        return -1;
    const char *user = json_string_value(json_object_get(json_object_get(token, "user"), "id"));
    if (!user || !user[0])
        return error_set(err, ERROR_UNAVAILABLE, "identity service: a token without a user");
    snprintf(ret_token->user, sizeof(ret_token->user), "%s", user);
    read_scope(token, ret_token);
    read_roles(token, roles, ret_token);
    ret_token->is_known = true;
    return 0;
}

int token_read_lifetime(struct text body, int64_t *ret_lifetime_ms, struct error *err)
{
    SCOPED(json_cleanup) json_t *answer = NULL;
    const json_t *token = NULL;
    int64_t issued_at_ms, expires_at_ms;
    if (parse(body, &answer, &token, err) < 0 ||
        read_time(token, "issued_at", &issued_at_ms, err) < 0 ||
        read_time(token, "expires_at", &expires_at_ms, err) < 0)
        return -1;
    *ret_lifetime_ms = expires_at_ms - issued_at_ms;
    return 0;
}

bool token_is_refusal(struct text body, int status)
{
    struct error problem = {0};
    SCOPED(json_cleanup) json_t *answer = NULL;
    if (json_body_parse(body, &answer, &problem) < 0)
        return false;
    const json_t *code = json_object_get(json_object_get(answer, "error"), "code");
    return json_is_integer(code) && json_integer_value(code) == status;
}

int token_check(const struct token *token, int64_t now_ms, struct error *err)
{
    if (!token->is_known)
        return error_set(err, ERROR_INVALID_TOKEN, "no such token");
    if (token->expires_at_ms <= now_ms)
        return error_set(err, ERROR_TOKEN_EXPIRED, "a token of %s has expired", token->user);
    return 0;
}

int token_check_project(const struct token *token, const struct uuid *project, struct error *err)
{
    if (token->scope != TOKEN_SCOPE_PROJECT || strcmp(token->project.text, project->text) != 0)
        return error_set(err, ERROR_TOKEN_PROJECT, "a token of %s is of another project",
                         token->user);
    return 0;
}
