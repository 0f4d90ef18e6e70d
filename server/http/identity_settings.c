/* The login's form: OpenStack Identity API v3, "Password authentication with scoped authorization".
 */
#include "identity_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/secret.h"
#include "ops/outgoing.h"

static void write_member(struct json_writer *body, const char *name, const char *text)
{
    json_writer_name(body, name);
    json_writer_text(body, text, strlen(text));
}

static void write_domain(struct json_writer *body, const char *name)
{
    json_writer_name(body, "domain");
    json_writer_begin_object(body);
    write_member(body, "name", name);
    json_writer_end_object(body);
}

static void begin(struct json_writer *body, const char *name)
{
    json_writer_name(body, name);
    json_writer_begin_object(body);
}

static void write_user(struct json_writer *body, const struct config *config, const char *password)
{
    begin(body, "identity");
    json_writer_name(body, "methods");
    json_writer_begin_array(body);
    json_writer_text(body, "password", strlen("password"));
    json_writer_end_array(body);
    begin(body, "password");
    begin(body, "user");
    write_member(body, "name", config->identity_user);
    write_domain(body, config->identity_user_domain);
    write_member(body, "password", password);
    json_writer_end_object(body);
    json_writer_end_object(body);
    json_writer_end_object(body);
}

static void write_scope(struct json_writer *body, const struct config *config)
{
    begin(body, "scope");
    if (config->identity_project[0]) {
        begin(body, "project");
        write_member(body, "name", config->identity_project);
        write_domain(body, config->identity_project_domain);
    } else {
        begin(body, "system");
        json_writer_name(body, "all");
        json_writer_boolean(body, true);
    }
    json_writer_end_object(body);
    json_writer_end_object(body);
}

static char *make_login(const struct config *config, const char *password)
{
    struct json_writer body;
    size_t length;
    json_writer_init(&body);
    json_writer_begin_object(&body);
    begin(&body, "auth");
    write_user(&body, config, password);
    write_scope(&body, config);
    json_writer_end_object(&body);
    json_writer_end_object(&body);
    char *login = json_writer_take(&body, &length);
    json_writer_release(&body);
    return login;
}

char *identity_settings_login(const struct identity_settings *settings, enum password_which which,
                              struct password_text *ret_password)
{
    bool has = password_copy(settings->password, which, ret_password);
    return make_login(settings->config,
                      has ? ret_password->text : settings->config->identity_password);
}

static int check_user(const struct config *config, struct error *err)
{
    bool has_password = config->identity_password[0] || config->identity_password_file[0];
    if (config->identity_user[0] && has_password)
        return 0;
    return error_set(err, ERROR_CONFIG, "%s: not set, which identity_url needs",
                     config->identity_user[0] ? "identity_password" : "identity_user");
}

int identity_settings_load(const struct config *config, struct identity_settings **ret_settings,
                           struct error *err)
{
    struct token_roles roles;
    bool is_plain;
    *ret_settings = NULL;
    if (!config->identity_url[0])
        return 0;
    if (outgoing_check_url("identity_url", config->identity_url, &is_plain, err) < 0 ||
        (config->identity_ca[0] && outgoing_check_ca("identity_ca", config->identity_ca, err) < 0))
        return -1;
    if (is_plain)
        LOG_WARNING("identity_without_tls");
    if (check_user(config, err) < 0)
        return -1;
    if (token_roles_parse(text_of(config->identity_roles), &roles, err) < 0)
        return error_prefix(err, "identity_roles");
    struct identity_settings *settings = calloc(1, sizeof(*settings));
    if (!settings)
        abort();
    *settings = (struct identity_settings){
        .tokens_url = outgoing_join(config->identity_url, "/v3/auth/tokens?nocatalog"),
        .ca = config->identity_ca[0] ? config->identity_ca : NULL,
        .config = config,
        .roles = roles,
        .cache_ms = config->token_cache_seconds * 1000,
        .cache_entries = config->token_cache_entries,
    };
    if (password_load(SECRET_FILE_IDENTITY_PASSWORD, config->identity_password_file,
                      &settings->password, err) < 0) {
        identity_settings_free(settings);
        return -1;
    }
    *ret_settings = settings;
    return 0;
}

void identity_settings_free(struct identity_settings *settings)
{
    if (!settings)
        return;
    password_free(settings->password);
    free(settings->tokens_url);
    free(settings);
}
