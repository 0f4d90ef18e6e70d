/* The login's form: OpenStack Identity API v3, "Password authentication with scoped authorization".
 */
#include "identity_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/scope.h"
#include "base/secret.h"

static void url_cleanup(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void part_cleanup(char **part)
{
    curl_free(*part);
}

static void context_cleanup(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

/* Whether it is http:// or https:// and has neither user, query nor fragment. */
static int check_url(const char *text, struct error *err)
{
    SCOPED(url_cleanup) CURLU *url = curl_url();
    SCOPED(part_cleanup) char *scheme = NULL;
    SCOPED(part_cleanup) char *unwanted = NULL;
    if (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return error_set(err, ERROR_CONFIG, "identity_url: not an http or https URL");
    if (curl_url_get(url, CURLUPART_USER, &unwanted, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_QUERY, &unwanted, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_FRAGMENT, &unwanted, 0) == CURLUE_OK)
        return error_set(err, ERROR_CONFIG, "identity_url: user, query or fragment in it");
    if (strcmp(scheme, "http") == 0)
        LOG_WARNING("identity_without_tls");
    return 0;
}

static int check_ca(const char *path, struct error *err)
{
    SCOPED(context_cleanup) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_file(context, path) != 1)
        return error_set(err, ERROR_CONFIG, "identity_ca: no certificates in '%s'", path);
    return 0;
}

static char *make_tokens_url(const char *base)
{
    static const char path[] = "/v3/auth/tokens?nocatalog";
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    char *url = calloc(1, length + sizeof(path));
    if (!url)
        abort();
    memcpy(url, base, length);
    memcpy(url + length, path, sizeof(path));
    return url;
}

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
    *ret_settings = NULL;
    if (!config->identity_url[0])
        return 0;
    if (check_url(config->identity_url, err) < 0 ||
        (config->identity_ca[0] && check_ca(config->identity_ca, err) < 0))
        return -1;
    if (check_user(config, err) < 0)
        return -1;
    if (token_roles_parse(text_of(config->identity_roles), &roles, err) < 0)
        return error_prefix(err, "identity_roles");
    struct identity_settings *settings = calloc(1, sizeof(*settings));
    if (!settings)
        abort();
    *settings = (struct identity_settings){
        .tokens_url = make_tokens_url(config->identity_url),
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
