/* Nothing that was typed goes into the database unchecked; a key's text never leaves this file but
 * sealed. */
#include "instance_form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/address_map.h"
#include "base/endpoint.h"
#include "base/special_address.h"
#include "pem_file.h"
#include "sealing.h"

enum { DESCRIPTION_MAX = 1024, ENDPOINTS_MAX = 64 };
enum { ENDPOINTS_TEXT_MAX = ENDPOINTS_MAX * (ENDPOINT_TEXT_MAX + 1) };

static char *own(struct instance_form *form, char *text)
{
    assert(form->owned_count < INSTANCE_FORM_OWNED_MAX);
    form->owned[form->owned_count++] = text;
    return text;
}

/* Lays an option over what there was; one without text takes it away. */
static void take(const struct arguments *arguments, enum option option, const char **place)
{
    const char *value = arguments_value(arguments, option);
    if (value)
        *place = *value ? value : NULL;
}

/* Joins the endpoints in their one written form. */
static int take_endpoints(struct instance_form *form, const struct arguments *arguments,
                          struct error *err)
{
    if (!arguments_have(arguments, OPTION_ENDPOINT))
        return 0;
    char *text = calloc(1, ENDPOINTS_TEXT_MAX), *end = text;
    if (!text)
        abort();
    form->endpoints = own(form, text);
    for (int i = 0; i < arguments->counts[OPTION_ENDPOINT]; i++) {
        const char *word = arguments->values[OPTION_ENDPOINT][i];
        struct endpoint endpoint;
        if (endpoint_parse(text_of(word), &endpoint) < 0)
            return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is not HOST:PORT", word);
        const char *reason = special_address_refusal(endpoint.host);
        if (reason)
            return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is never dialled: it is %s", word,
                             reason);
        if (i > 0)
            *end++ = ',';
        endpoint_format(&endpoint, end);
        end += strlen(end);
    }
    return 0;
}

static int take_authority(struct instance_form *form, const struct arguments *arguments,
                          struct error *err)
{
    const char *path = arguments_value(arguments, OPTION_TLS_CA);
    char *pem;
    if (!path)
        return 0;
    if (pem_file_read(*path ? path : NULL, &pem, err) < 0)
        return -1;
    form->tls_ca = pem ? own(form, pem) : NULL;
    return 0;
}

static int seal_text(struct instance_form *form, struct cli *cli, struct secret_owner owner,
                     const char *secret, size_t length, const char **ret_sealed, struct error *err)
{
    char *sealed = calloc(1, SEALED_TEXT_MAX);
    if (!sealed)
        abort();
    *ret_sealed = own(form, sealed);
    return seal(cli->config, owner, secret, length, sealed, err);
}

static int take_password(struct instance_form *form, struct cli *cli, const struct uuid *project,
                         const struct uuid *id, struct error *err)
{
    const char *path = arguments_value(cli->arguments, OPTION_PASSWORD_FILE);
    char password[SECRET_PASSWORD_MAX + 1];
    size_t length;
    form->keep_password = !path;
    if (!path)
        return 0;
    form->has_password = *path;
    if (!*path)
        return 0;
    int status = password_read(path, password, &length, err);
    if (status == 0)
        status = seal_text(form, cli, instance_password_owner(project->text, id->text), password,
                           length, &form->sealed_password, err);
    secret_cleanse(password, sizeof(password));
    return status;
}

static int read_pair(struct instance_form *form, struct cli *cli, const struct uuid *project,
                     const struct uuid *id, const char *path, const char *key_path,
                     struct error *err)
{
    char key[SECRET_MAX + 1], *certificate;
    int status = pem_file_read_pair(path, key_path, &certificate, key, err);
    if (status == 0) {
        form->tls_certificate = own(form, certificate);
        status = seal_text(form, cli, instance_tls_key_owner(project->text, id->text), key,
                           strlen(key), &form->sealed_tls_key, err);
    }
    secret_cleanse(key, sizeof(key));
    return status;
}

static int take_certificate(struct instance_form *form, struct cli *cli, const struct uuid *project,
                            const struct uuid *id, struct error *err)
{
    const char *path = arguments_value(cli->arguments, OPTION_CLIENT_CERTIFICATE);
    const char *key_path = arguments_value(cli->arguments, OPTION_CLIENT_KEY_FILE);
    form->keep_certificate = !path && !key_path;
    if (form->keep_certificate || (path && !*path && !key_path))
        return 0;
    return read_pair(form, cli, project, id, path, key_path, err);
}

static int check_address_map(const char *text, struct error *err)
{
    struct address_map map;
    const char *reason;
    if (address_map_parse(text, &map, err) < 0)
        return -1;
    const struct endpoint *refused = address_map_find_refused(&map, &reason);
    if (refused)
        error_set(err, ERROR_INVALID_PARAMETER, "address map: '%s' is never dialled: it is %s",
                  refused->host, reason);
    address_map_release(&map);
    return refused ? -1 : 0;
}

static int check_way(const struct instance_form *form, struct error *err)
{
    if (check_address_map(form->address_map, err) < 0)
        return -1;
    if (form->address_map && strlen(form->address_map) > ADDRESS_MAP_TEXT_MAX)
        return error_set(err, ERROR_INVALID_PARAMETER, "the address map is too long");
    if (form->sentinel_master && !instance_sentinel_master_is_name(text_of(form->sentinel_master)))
        return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is no master's name",
                         form->sentinel_master);
    if (form->sentinel_master && !instance_cache_mode_has_sentinels(form->cache_mode))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--sentinel-master needs --cache-mode ha or ha_rw_split");
    return 0;
}

static int check(const struct instance_form *form, struct error *err)
{
    if (!instance_cache_mode_find(text_of(form->cache_mode)))
        return error_set(err, ERROR_INVALID_PARAMETER, "unknown cache mode '%s'", form->cache_mode);
    if (strlen(form->description) > DESCRIPTION_MAX ||
        !text_is_utf8(form->description, strlen(form->description)))
        return error_set(err, ERROR_INVALID_PARAMETER, "a description is UTF-8 of at most %d bytes",
                         DESCRIPTION_MAX);
    if (form->scan_profile && !instance_scan_profile_find(text_of(form->scan_profile)))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "'%s' is no profile: gentle, balanced or fast", form->scan_profile);
    if (!form->tls && (form->tls_ca || form->tls_server_name || form->tls_certificate))
        return error_set(err, ERROR_INVALID_PARAMETER, "--tls is missing");
    if (form->backup_directory &&
        !instance_backup_directory_is_path(text_of(form->backup_directory)))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "a directory of backups is a relative path without '..', of at most %d "
                         "bytes",
                         INSTANCE_BACKUP_DIRECTORY_MAX);
    if (form->username && !form->has_password)
        return error_set(err, ERROR_INVALID_PARAMETER, "--user needs --password-file");
    return check_way(form, err);
}

int instance_form_read(struct instance_form *form, struct cli *cli, const struct uuid *project,
                       const struct uuid *id, struct error *err)
{
    const struct arguments *arguments = cli->arguments;
    const char *description = arguments_value(arguments, OPTION_DESCRIPTION);
    form->description = description ? description : form->description;
    if (arguments_have(arguments, OPTION_CACHE_MODE))
        form->cache_mode = arguments_value(arguments, OPTION_CACHE_MODE);
    form->tls = form->tls || arguments_have(arguments, OPTION_TLS);
    form->hotkeys_command =
        form->hotkeys_command || arguments_have(arguments, OPTION_HOTKEYS_COMMAND);
    take(arguments, OPTION_TLS_SERVER_NAME, &form->tls_server_name);
    take(arguments, OPTION_USER, &form->username);
    take(arguments, OPTION_PROFILE, &form->scan_profile);
    take(arguments, OPTION_ADDRESS_MAP, &form->address_map);
    take(arguments, OPTION_SENTINEL_MASTER, &form->sentinel_master);
    take(arguments, OPTION_BACKUP_DIRECTORY, &form->backup_directory);
    if (take_endpoints(form, arguments, err) < 0 || take_authority(form, arguments, err) < 0 ||
        take_certificate(form, cli, project, id, err) < 0 ||
        take_password(form, cli, project, id, err) < 0)
        return -1;
    return check(form, err);
}

void instance_form_release(struct instance_form *form)
{
    for (int i = 0; i < form->owned_count; i++)
        free(form->owned[i]);
    *form = (struct instance_form){0};
}

void instance_form_add(const struct instance_form *form, const struct uuid *project,
                       const struct uuid *id, struct pg_parameters *parameters)
{
    pg_parameters_add_reference(parameters, project->text);
    pg_parameters_add_reference(parameters, id->text);
    pg_parameters_add_reference(parameters, form->name);
    pg_parameters_add_reference(parameters, form->description);
    pg_parameters_add_reference(parameters, form->cache_mode);
    pg_parameters_add_reference(parameters, form->endpoints);
    pg_parameters_add_boolean(parameters, form->tls);
    pg_parameters_add_reference(parameters, form->tls_ca);
    pg_parameters_add_reference(parameters, form->tls_server_name);
    pg_parameters_add_reference(parameters, form->username);
    pg_parameters_add_reference(parameters, form->sealed_password);
    pg_parameters_add_boolean(parameters, form->hotkeys_command);
    pg_parameters_add_reference(parameters, form->scan_profile);
    pg_parameters_add_reference(parameters, form->address_map);
    pg_parameters_add_reference(parameters, form->sentinel_master);
    pg_parameters_add_reference(parameters, form->tls_certificate);
    pg_parameters_add_reference(parameters, form->sealed_tls_key);
    pg_parameters_add_reference(parameters, form->backup_directory);
}
