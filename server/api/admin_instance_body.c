/* Administration of instances: how they are reached and how hard they may be scanned, out of a
 * request's body.  Secrets are sealed before anything else sees them. */
#include <string.h>

#include "base/address_map.h"
#include "base/certificate.h"
#include "base/endpoint.h"
#include "base/json.h"
#include "base/special_address.h"
#include "model/instance_store.h"
#include "operations.h"

enum {
    DESCRIPTION_MAX = 1024,
    ENDPOINTS_MAX = 64,
    ENDPOINTS_TEXT_MAX = ENDPOINTS_MAX * (ENDPOINT_TEXT_MAX + 1),
    CA_MAX = 32 * 1024,
    SERVER_NAME_MAX = 255,
    USERNAME_MAX = 512,
};

static int invalid(const char *name, struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
}

static bool is_given(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return member && !json_is_null(member);
}

/* The reason, where there is one, is told: only operators come here. */
static int check_host(const char *name, const char *host, const char *reason, struct error *err)
{
    return reason ? error_set_public(err, ERROR_INVALID_PARAMETER,
                                     "%s (%.64s is never dialled: it is %s)", name, host, reason)
                  : 0;
}

/* Text that may be left out or null; then fallback, which may be null. */
static int bind_text(const json_t *object, const char *name, size_t longest, const char *fallback,
                     struct pg_parameters *parameters, struct error *err)
{
    struct text text = {fallback, 0};
    if (is_given(object, name) && json_get_text(object, name, longest, &text, err) < 0)
        return -1;
    if (text.bytes && memchr(text.bytes, '\0', text.length))
        return invalid(name, err);
    pg_parameters_add_reference(parameters, text.bytes);
    return 0;
}

static int bind_flag(const json_t *object, const char *name, struct pg_parameters *parameters,
                     struct error *err)
{
    bool flag = false;
    if (is_given(object, name) && json_get_boolean(object, name, &flag, err) < 0)
        return -1;
    pg_parameters_add_boolean(parameters, flag);
    return 0;
}

static int bind_cache_mode(const json_t *object, struct pg_parameters *parameters,
                           struct error *err)
{
    struct text text = TEXT("single");
    if (is_given(object, "cache_mode") &&
        json_get_text(object, "cache_mode", SERVER_NAME_MAX, &text, err) < 0)
        return -1;
    const char *mode = instance_cache_mode_find(text);
    if (!mode)
        return invalid("cache_mode", err);
    pg_parameters_add_reference(parameters, mode);
    return 0;
}

static int bind_endpoints(struct api_request *request, struct pg_parameters *parameters,
                          struct error *err)
{
    json_t *array;
    size_t index;
    const json_t *entry;
    if (json_get_array(request->object, "endpoints", &array, err) < 0)
        return -1;
    if (json_array_size(array) < 1 || json_array_size(array) > ENDPOINTS_MAX)
        return invalid("endpoints", err);
    char *joined = api_request_allocate(request, ENDPOINTS_TEXT_MAX + 1), *end = joined;
    json_array_foreach(array, index, entry)
    {
        struct endpoint endpoint;
        struct text text = {json_string_value(entry), json_string_length(entry)};
        if (!json_is_string(entry) || endpoint_parse(text, &endpoint) < 0)
            return invalid("endpoints", err);
        if (check_host("endpoints", endpoint.host, special_address_refusal(endpoint.host), err) < 0)
            return -1;
        if (index > 0)
            *end++ = ',';
        endpoint_format(&endpoint, end);
        end += strlen(end);
    }
    pg_parameters_add_reference(parameters, joined);
    return 0;
}

/* Adds a secret in its sealed form. */
static int bind_sealed(struct api_request *request, struct secret_owner owner, struct text secret,
                       struct pg_parameters *parameters, struct error *err)
{
    size_t length = secret.length + SECRET_OVERHEAD;
    unsigned char *sealed = api_request_allocate(request, length);
    char *digits = api_request_allocate(request, 2 + 2 * length + 1);
    if (secret_seal(request->context->keyring, &owner, secret.bytes, secret.length, sealed, &length,
                    err) < 0)
        return -1;
    memcpy(digits, "\\x", 2);
    text_format_hex(sealed, length, digits + 2);
    pg_parameters_add_reference(parameters, digits);
    return 0;
}

/* Seals the password that is given; SQL NULL where none is. */
static int bind_password(struct api_request *request, const struct uuid *instance,
                         struct pg_parameters *parameters, struct error *err)
{
    struct text password;
    if (!is_given(request->object, "password")) {
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (json_get_text(request->object, "password", SECRET_PASSWORD_MAX, &password, err) < 0)
        return -1;
    if (password.length == 0)
        return invalid("password", err);
    return bind_sealed(request, instance_password_owner(request->project.text, instance->text),
                       password, parameters, err);
}

static int bind_scan_profile(const json_t *object, struct pg_parameters *parameters,
                             struct error *err)
{
    struct text text;
    const char *profile = NULL;
    if (is_given(object, "scan_profile")) {
        if (json_get_text(object, "scan_profile", SERVER_NAME_MAX, &text, err) < 0)
            return -1;
        profile = instance_scan_profile_find(text);
        if (!profile)
            return invalid("scan_profile", err);
    }
    pg_parameters_add_reference(parameters, profile);
    return 0;
}

static int bind_address_map(const json_t *object, struct pg_parameters *parameters,
                            struct error *err)
{
    struct text text = {NULL, 0};
    struct address_map map = {0};
    struct error malformed = {0};
    const char *reason = NULL;
    if (is_given(object, "address_map") &&
        json_get_text(object, "address_map", ADDRESS_MAP_TEXT_MAX, &text, err) < 0)
        return -1;
    if (text.bytes &&
        (strlen(text.bytes) != text.length || address_map_parse(text.bytes, &map, &malformed) < 0))
        return invalid("address_map", err);
    const struct endpoint *refused = address_map_find_refused(&map, &reason);
    if (refused)
        check_host("address_map", refused->host, reason, err);
    address_map_release(&map);
    if (refused)
        return -1;
    pg_parameters_add_reference(parameters, text.length > 0 ? text.bytes : NULL);
    return 0;
}

/* A name without control characters or spaces, as Sentinel's configuration can hold. */
static int bind_sentinel_master(const json_t *object, struct pg_parameters *parameters,
                                struct error *err)
{
    struct text name = {NULL, 0}, mode = TEXT("single");
    if (is_given(object, "sentinel_master")) {
        if (json_get_text(object, "sentinel_master", INSTANCE_SENTINEL_MASTER_MAX, &name, err) < 0)
            return -1;
        if (is_given(object, "cache_mode") &&
            json_get_text(object, "cache_mode", SERVER_NAME_MAX, &mode, err) < 0)
            return -1;
        if (!instance_sentinel_master_is_name(name) ||
            !instance_cache_mode_has_sentinels(mode.bytes))
            return invalid("sentinel_master", err);
    }
    pg_parameters_add_reference(parameters, name.bytes);
    return 0;
}

static int bind_backup_directory(const json_t *object, struct pg_parameters *parameters,
                                 struct error *err)
{
    struct text path = {NULL, 0};
    if (is_given(object, "backup_directory")) {
        if (json_get_text(object, "backup_directory", INSTANCE_BACKUP_DIRECTORY_MAX, &path, err) <
            0)
            return -1;
        if (!instance_backup_directory_is_path(path))
            return invalid("backup_directory", err);
    }
    pg_parameters_add_reference(parameters, path.bytes);
    return 0;
}

/* A certificate and its key come together, or neither does. */
static int bind_certificate(struct api_request *request, const struct uuid *instance,
                            struct pg_parameters *parameters, struct error *err)
{
    const json_t *object = request->object;
    struct text certificate, key;
    if (!is_given(object, "tls_certificate") && !is_given(object, "tls_key")) {
        pg_parameters_add_reference(parameters, NULL);
        pg_parameters_add_reference(parameters, NULL);
        return 0;
    }
    if (json_get_text(object, "tls_certificate", CERTIFICATE_PEM_MAX, &certificate, err) < 0 ||
        json_get_text(object, "tls_key", SECRET_MAX, &key, err) < 0 ||
        certificate_check(certificate.bytes, key.bytes, err) < 0)
        return -1;
    if (memchr(certificate.bytes, '\0', certificate.length))
        return invalid("tls_certificate", err);
    if (memchr(key.bytes, '\0', key.length))
        return invalid("tls_key", err);
    pg_parameters_add_reference(parameters, certificate.bytes);
    return bind_sealed(request, instance_tls_key_owner(request->project.text, instance->text), key,
                       parameters, err);
}

/* A user needs a password; TLS's members need TLS. */
static int check_members(const json_t *object, bool has_password, struct error *err)
{
    bool tls = json_is_true(json_object_get(object, "tls"));
    if (!tls && is_given(object, "tls_ca"))
        return invalid("tls_ca", err);
    if (!tls && is_given(object, "tls_server_name"))
        return invalid("tls_server_name", err);
    if (!tls && is_given(object, "tls_certificate"))
        return invalid("tls_certificate", err);
    if (!tls && is_given(object, "tls_key"))
        return invalid("tls_key", err);
    if (is_given(object, "username") && !has_password)
        return invalid("username", err);
    return 0;
}

static int bind_members(struct api_request *request, const struct uuid *instance,
                        struct pg_parameters *parameters, struct error *err)
{
    const json_t *object = request->object;
    struct text name;
    if (read_name(object, &name, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, name.bytes);
    if (bind_text(object, "description", DESCRIPTION_MAX, "", parameters, err) < 0 ||
        bind_cache_mode(object, parameters, err) < 0 ||
        bind_endpoints(request, parameters, err) < 0 ||
        bind_flag(object, "tls", parameters, err) < 0 ||
        bind_text(object, "tls_ca", CA_MAX, NULL, parameters, err) < 0 ||
        bind_text(object, "tls_server_name", SERVER_NAME_MAX, NULL, parameters, err) < 0 ||
        bind_text(object, "username", USERNAME_MAX, NULL, parameters, err) < 0 ||
        bind_password(request, instance, parameters, err) < 0)
        return -1;
    if (bind_flag(object, "hotkeys_command", parameters, err) < 0 ||
        bind_scan_profile(object, parameters, err) < 0 ||
        bind_address_map(object, parameters, err) < 0 ||
        bind_sentinel_master(object, parameters, err) < 0)
        return -1;
    return bind_certificate(request, instance, parameters, err) < 0
               ? -1
               : bind_backup_directory(object, parameters, err);
}

int bind_admin_instance_create(struct api_request *request, struct pg_parameters *parameters,
                               struct error *err)
{
    if (parse_body(request, err) < 0 ||
        check_members(request->object, is_given(request->object, "password"), err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, request->project.text);
    pg_parameters_add_reference(parameters, request->new_id.text);
    if (bind_members(request, &request->new_id, parameters, err) < 0)
        return -1;
    pg_parameters_add_integer(parameters, request->context->project_instances_max);
    bind_request(request, parameters);
    return 0;
}

/* A password that is left out stays as it is, and so do a certificate and its key; null takes them
 * away. */
int bind_admin_instance_update(struct api_request *request, struct pg_parameters *parameters,
                               struct error *err)
{
    if (parse_body(request, err) < 0)
        return -1;
    bool keep = json_object_get(request->object, "password") == NULL;
    if (check_members(request->object, keep || is_given(request->object, "password"), err) < 0)
        return -1;
    bind_ids(request, parameters);
    if (bind_members(request, &request->instance, parameters, err) < 0)
        return -1;
    pg_parameters_add_boolean(parameters, keep);
    pg_parameters_add_boolean(parameters, !json_object_get(request->object, "tls_certificate") &&
                                              !json_object_get(request->object, "tls_key"));
    return bind_version(request, parameters, err);
}
