/* From the settings to what the identity service is asked with. */
#include "identity_settings.h"

#include <stdlib.h>
#include <string.h>

#include "auth/login.h"
#include "base/log.h"
#include "ops/outgoing.h"

char *identity_settings_login(const struct identity_settings *settings, enum password_which which,
                              struct password_text *ret_password)
{
    const struct config *config = settings->config;
    bool has = password_copy(settings->password, which, ret_password);
    const struct login login = {
        .user = text_of(config->identity_user),
        .user_domain = text_of(config->identity_user_domain),
        .password = text_of(has ? ret_password->text : config->identity_password),
        .project = text_of(config->identity_project),
        .project_domain = text_of(config->identity_project_domain),
    };
    return login_write(&login);
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
        .has_logins = strcmp(config->console_login, "on") == 0,
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
