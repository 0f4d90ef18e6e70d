/* Keystone's form of a log-in.  Whatever holds the password on the way is cleansed. */
#include "auth/login.h"

#include <string.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/scope.h"

static void write_member(struct json_writer *body, const char *name, struct text text)
{
    json_writer_name(body, name);
    json_writer_text(body, text.bytes, text.length);
}

static void begin(struct json_writer *body, const char *name)
{
    json_writer_name(body, name);
    json_writer_begin_object(body);
}

static void write_domain(struct json_writer *body, struct text name)
{
    begin(body, "domain");
    write_member(body, "name", name);
    json_writer_end_object(body);
}

static void write_identity(struct json_writer *body, const struct login *login)
{
    begin(body, "identity");
    json_writer_name(body, "methods");
    json_writer_begin_array(body);
    json_writer_text(body, "password", strlen("password"));
    json_writer_end_array(body);
    begin(body, "password");
    begin(body, "user");
    write_member(body, "name", login->user);
    write_domain(body, login->user_domain);
    write_member(body, "password", login->password);
    json_writer_end_object(body);
    json_writer_end_object(body);
    json_writer_end_object(body);
}

static void write_scope(struct json_writer *body, const struct login *login)
{
    begin(body, "scope");
    if (login->project.length > 0) {
        begin(body, "project");
        write_member(body, "name", login->project);
        write_domain(body, login->project_domain);
    } else {
        begin(body, "system");
        json_writer_member_boolean(body, "all", true);
    }
    json_writer_end_object(body);
    json_writer_end_object(body);
}

char *login_write(const struct login *login)
{
    struct json_writer body;
    size_t length;
    json_writer_init(&body);
    body.is_secret = true;
    json_writer_begin_object(&body);
    begin(&body, "auth");
    write_identity(&body, login);
    write_scope(&body, login);
    json_writer_end_object(&body);
    json_writer_end_object(&body);
    return json_writer_take(&body, &length);
}

static void read_project_name(struct text body, char ret_name[LOGIN_FIELD_MAX + 1])
{
    struct error problem = {0};
    SCOPED(json_cleanup) json_t *answer = NULL;
    ret_name[0] = '\0';
    if (json_body_parse(body, &answer, &problem) < 0)
        return;
    const json_t *project = json_object_get(json_object_get(answer, "token"), "project");
    const json_t *name = json_object_get(project, "name");
    if (json_is_string(name) && json_string_length(name) <= LOGIN_FIELD_MAX)
        memcpy(ret_name, json_string_value(name), json_string_length(name) + 1);
}

int login_read_answer(struct text body, struct text header, const struct token_roles *roles,
                      struct login_answer *ret_answer, struct error *err)
{
    if (token_read(body, roles, &ret_answer->token, err) < 0)
        return -1;
    if (!token_is_well_formed(header))
        return error_set(err, ERROR_UNAVAILABLE, "identity service: a login without a token");
    read_project_name(body, ret_answer->project_name);
    ret_answer->text = header;
    return 0;
}

static bool has_receipt(struct text body)
{
    struct error problem = {0};
    SCOPED(json_cleanup) json_t *answer = NULL;
    return json_body_parse(body, &answer, &problem) == 0 &&
           json_is_object(json_object_get(answer, "receipt"));
}

bool login_is_refusal(struct text body, int status)
{
    switch (status) {
    case 401:
        return token_is_refusal(body, status) || has_receipt(body);
    case 400: /* by its schema of names and passwords, which may be narrower than ours */
    case 403:
    case 404:
    case 413:
        return token_is_refusal(body, status);
    default:
        return false;
    }
}
