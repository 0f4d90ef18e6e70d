/* Administration of access keys.  Only operators reach this, so that no tenant can write a role. */
#include <stdio.h>
#include <string.h>

#include "admin_key_body.h"
#include "auth/role.h"
#include "base/digest.h"
#include "base/json.h"
#include "model/access_key_store.h"
#include "operations.h"

enum { SEALED_KEY_MAX = ACCESS_KEY_SECRET_LENGTH + SECRET_OVERHEAD };

int bind_key_list(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    pg_parameters_add_reference(parameters, request->project.text);
    return 0;
}

int bind_key(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    struct text id = request->access_key_id;
    if (id.length != ACCESS_KEY_ID_LENGTH || !text_is_utf8(id.bytes, id.length))
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "access key");
    pg_parameters_add_reference(parameters, id.bytes);
    return 0;
}

static int add_sealed_secret(struct api_request *request, struct pg_parameters *parameters,
                             struct error *err)
{
    unsigned char sealed[SEALED_KEY_MAX];
    size_t length;
    struct secret_owner owner = access_key_secret_owner(request->project.text, request->new_key.id);
    if (secret_seal(request->context->keyring, &owner, request->new_key.secret,
                    ACCESS_KEY_SECRET_LENGTH, sealed, &length, err) < 0)
        return -1;
    pg_parameters_add_bytes(parameters, sealed, length);
    return 0;
}

static void add_ending(const struct key_ending_body *ending, const struct access_key_pair *key,
                       struct pg_parameters *parameters)
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of(text_of(key->token), digest);
    if (ending->seconds)
        pg_parameters_add_integer(parameters, ending->seconds);
    else
        pg_parameters_add_reference(parameters, NULL);
    if (ending->moment[0])
        pg_parameters_add_text(parameters, text_of(ending->moment));
    else
        pg_parameters_add_reference(parameters, NULL);
    pg_parameters_add_bytes(parameters, ending->is_given ? digest : NULL, sizeof(digest));
    pg_parameters_add_integer(parameters, ACCESS_KEY_LIFE_MAX);
}

/* The body may be left out: then it is a permanent key that may do everything in its project. */
int bind_key_create(struct api_request *request, struct pg_parameters *parameters,
                    struct error *err)
{
    const char *role;
    struct key_policy_body policy;
    struct key_ending_body ending;
    if (request->body.length > 0 && parse_body(request, err) < 0)
        return -1;
    if (read_key_role(request->object, &role, err) < 0 ||
        read_key_policy(request, &policy, err) < 0 ||
        read_key_ending(request->object, &ending, err) < 0)
        return -1;
    if (!role)
        role = role_name(ROLE_FULL_ACCESS);
    if (strcmp(role, role_name(ROLE_OPERATOR)) == 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "role");
    access_key_generate(ending.is_given, &request->new_key);
    pg_parameters_add_reference(parameters, request->new_key.id);
    pg_parameters_add_reference(parameters, request->project.text);
    if (add_sealed_secret(request, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, role);
    pg_parameters_add_reference(parameters, policy.actions);
    pg_parameters_add_reference(parameters, policy.instances);
    add_ending(&ending, &request->new_key, parameters);
    bind_request(request, parameters);
    return 0;
}

/* A role or a policy that is left out stays; a policy that is given is all of it. */
int bind_key_update(struct api_request *request, struct pg_parameters *parameters,
                    struct error *err)
{
    bool enabled;
    const char *role;
    struct key_policy_body policy;
    if (bind_key(request, parameters, err) < 0 || parse_body(request, err) < 0 ||
        json_get_boolean(request->object, "enabled", &enabled, err) < 0 ||
        read_key_role(request->object, &role, err) < 0 ||
        read_key_policy(request, &policy, err) < 0)
        return -1;
    pg_parameters_add_boolean(parameters, enabled);
    if (bind_version(request, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, role);
    pg_parameters_add_boolean(parameters, !policy.is_given);
    pg_parameters_add_reference(parameters, policy.actions);
    pg_parameters_add_boolean(parameters, !policy.is_given);
    pg_parameters_add_reference(parameters, policy.instances);
    return 0;
}

static void write_list(struct json_writer *body, const char *name, struct text list)
{
    json_writer_name(body, name);
    json_writer_begin_array(body);
    while (list.length > 0) {
        const char *comma = memchr(list.bytes, ',', list.length);
        size_t length = comma ? (size_t)(comma - list.bytes) : list.length;
        size_t step = comma ? length + 1 : length;
        json_writer_text(body, list.bytes, length);
        list = (struct text){list.bytes + step, list.length - step};
    }
    json_writer_end_array(body);
}

static void write_policy(struct json_writer *body, const struct pg_rows *rows, int row, int first)
{
    bool has_actions = !pg_rows_is_null(rows, row, first + ACCESS_KEY_ACTIONS);
    bool has_instances = !pg_rows_is_null(rows, row, first + ACCESS_KEY_INSTANCES);
    if (!has_actions && !has_instances)
        return;
    json_writer_name(body, "policy");
    json_writer_begin_object(body);
    if (has_actions)
        write_list(body, "actions", pg_rows_text(rows, row, first + ACCESS_KEY_ACTIONS));
    if (has_instances)
        write_list(body, "instances", pg_rows_text(rows, row, first + ACCESS_KEY_INSTANCES));
    json_writer_end_object(body);
}

/* pair is null where the secrets are not to be shown. */
static void write_key(struct json_writer *body, const struct pg_rows *rows, int row, int first,
                      const struct access_key_pair *pair)
{
    json_writer_begin_object(body);
    json_writer_member_text(body, "id", pg_rows_string(rows, row, first + ACCESS_KEY_ID));
    if (pair)
        json_writer_member_text(body, "secret", pair->secret);
    if (pair && pair->token[0])
        json_writer_member_text(body, "security_token", pair->token);
    write_id_column(body, "project_id", rows, row, first + ACCESS_KEY_PROJECT_ID);
    json_writer_member_text(body, "role", pg_rows_string(rows, row, first + ACCESS_KEY_ROLE));
    write_policy(body, rows, row, first);
    json_writer_member_boolean(body, "enabled",
                               pg_rows_is_null(rows, row, first + ACCESS_KEY_DISABLED_AT));
    write_time_column(body, "created_at", rows, row, first + ACCESS_KEY_CREATED_AT);
    write_time_column(body, "disabled_at", rows, row, first + ACCESS_KEY_DISABLED_AT);
    write_time_column(body, "expires_at", rows, row, first + ACCESS_KEY_EXPIRES_AT);
    json_writer_end_object(body);
}

int render_key_list(const struct api_request *request, const struct pg_rows *rows,
                    struct api_reply *reply, struct error *err)
{
    struct json_writer *body = &reply->body;
    (void)request;
    (void)err;
    json_writer_begin_object(body);
    json_writer_member_number(body, "count", rows->row_count);
    json_writer_name(body, "access_keys");
    json_writer_begin_array(body);
    for (int row = 0; row < rows->row_count; row++)
        write_key(body, rows, row, 0, NULL);
    json_writer_end_array(body);
    json_writer_end_object(body);
    return 0;
}

int render_key(const struct api_request *request, const struct pg_rows *rows,
               struct api_reply *reply, struct error *err)
{
    (void)request;
    if (rows->row_count == 0)
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "access key");
    write_key(&reply->body, rows, 0, 0, NULL);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, ACCESS_KEY_VERSION));
    return 0;
}

/* What an outcome says of the body, as an error. */
static int check_outcome(const struct pg_rows *rows, struct error *err)
{
    static const struct {
        const char *outcome, *member;
    } refusals[] = {
        {"role", "role"},
        {"actions", "policy.actions"},
        {"instances", "policy.instances"},
        {"expiry", "expires_at"},
    };
    struct text outcome = pg_rows_text(rows, 0, 0);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (text_equals(outcome, text_of(refusals[i].outcome)))
            return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", refusals[i].member);
    }
    return 0;
}

int render_key_created(const struct api_request *request, const struct pg_rows *rows,
                       struct api_reply *reply, struct error *err)
{
    if (check_outcome(rows, err) < 0)
        return -1;
    if (!text_equals(pg_rows_text(rows, 0, 0), TEXT("created")))
        return error_set_public(err, ERROR_NO_SUCH_RESOURCE, "project");
    reply->status = HTTP_CREATED;
    snprintf(reply->location, sizeof(reply->location), "/admin/v1/access-keys/%s",
             request->new_key.id);
    reply->body.is_secret = true;
    api_reply_set_subject(reply, request->new_key.id);
    write_key(&reply->body, rows, 0, 1, &request->new_key);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, 1 + ACCESS_KEY_VERSION));
    return 0;
}

int render_key_updated(const struct api_request *request, const struct pg_rows *rows,
                       struct api_reply *reply, struct error *err)
{
    (void)request;
    if (check_outcome(rows, err) < 0 || check_update(rows, "access key", err) < 0)
        return -1;
    write_key(&reply->body, rows, 0, 1, NULL);
    api_reply_set_version(reply, pg_rows_integer(rows, 0, 1 + ACCESS_KEY_VERSION));
    return 0;
}
