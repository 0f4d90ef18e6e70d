/* dcsctl instance add: checks what was typed, seals the password, registers, probes. */
#include <stdlib.h>
#include <string.h>

#include "base/endpoint.h"
#include "base/scope.h"
#include "instance.h"
#include "model/instance_store.h"
#include "pem_file.h"
#include "sealing.h"

enum { DESCRIPTION_MAX = 1024, ENDPOINTS_MAX = 64 };
enum { ENDPOINTS_TEXT_MAX = ENDPOINTS_MAX * (ENDPOINT_TEXT_MAX + 1) };

static int check_cache_mode(const char *mode, struct error *err)
{
    static const char *const modes[] = {"single", "ha", "ha_rw_split", "proxy", "cluster"};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(mode, modes[i]) == 0)
            return 0;
    }
    return error_set(err, ERROR_INVALID_PARAMETER, "unknown cache mode '%s'", mode);
}

static int check_options(const struct arguments *arguments, struct error *err)
{
    const char *mode = arguments_value(arguments, OPTION_CACHE_MODE);
    const char *description = arguments_value(arguments, OPTION_DESCRIPTION);
    if (mode && check_cache_mode(mode, err) < 0)
        return -1;
    if (description &&
        (strlen(description) > DESCRIPTION_MAX || !text_is_utf8(description, strlen(description))))
        return error_set(err, ERROR_INVALID_PARAMETER, "a description is UTF-8 of at most %d bytes",
                         DESCRIPTION_MAX);
    if (!arguments_have(arguments, OPTION_TLS) &&
        (arguments_have(arguments, OPTION_TLS_CA) ||
         arguments_have(arguments, OPTION_TLS_SERVER_NAME)))
        return error_set(err, ERROR_INVALID_PARAMETER, "--tls is missing");
    if (arguments_have(arguments, OPTION_USER) && !arguments_have(arguments, OPTION_PASSWORD_FILE))
        return error_set(err, ERROR_INVALID_PARAMETER, "--user needs --password-file");
    return 0;
}

/* Joins the endpoints in their one written form. */
static int join_endpoints(const struct arguments *arguments, char ret_text[ENDPOINTS_TEXT_MAX],
                          struct error *err)
{
    char *end = ret_text;
    for (int i = 0; i < arguments->counts[OPTION_ENDPOINT]; i++) {
        const char *word = arguments->values[OPTION_ENDPOINT][i];
        struct endpoint endpoint;
        if (endpoint_parse(text_of(word), &endpoint) < 0)
            return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is not HOST:PORT", word);
        if (i > 0)
            *end++ = ',';
        endpoint_format(&endpoint, end);
        end += strlen(end);
    }
    return 0;
}

/* Leaves ret_sealed empty where there is no password. */
static int seal_password(struct cli *cli, const struct uuid *id, char ret_sealed[SEALED_TEXT_MAX],
                         struct error *err)
{
    const char *path = arguments_value(cli->arguments, OPTION_PASSWORD_FILE);
    char password[SECRET_MAX + 1];
    size_t length;
    ret_sealed[0] = '\0';
    if (!path)
        return 0;
    int status = password_read(path, password, &length, err);
    if (status == 0)
        status = seal(cli->config, id->text, password, length, ret_sealed, err);
    secret_cleanse(password, sizeof(password));
    return status;
}

static int insert(struct cli *cli, const struct uuid *project, const struct uuid *id,
                  const char *endpoints, const char *ca, const char *sealed, struct error *err)
{
    const struct arguments *arguments = cli->arguments;
    const char *mode = arguments_value(arguments, OPTION_CACHE_MODE);
    const char *description = arguments_value(arguments, OPTION_DESCRIPTION);
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, project->text);
    pg_parameters_add_reference(&parameters, id->text);
    pg_parameters_add_reference(&parameters, cli->word);
    pg_parameters_add_reference(&parameters, description ? description : "");
    pg_parameters_add_reference(&parameters, mode ? mode : "single");
    pg_parameters_add_reference(&parameters, endpoints);
    pg_parameters_add_boolean(&parameters, arguments_have(arguments, OPTION_TLS));
    pg_parameters_add_reference(&parameters, ca);
    pg_parameters_add_reference(&parameters, arguments_value(arguments, OPTION_TLS_SERVER_NAME));
    pg_parameters_add_reference(&parameters, arguments_value(arguments, OPTION_USER));
    pg_parameters_add_reference(&parameters, sealed[0] ? sealed : NULL);
    pg_parameters_add_boolean(&parameters, arguments_have(arguments, OPTION_HOTKEYS_COMMAND));
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &instance_insert, &parameters, &rows, err) < 0) {
        if (err->code != ERROR_ALREADY_EXISTS)
            return -1;
        error_clear(err);
        return error_set(err, ERROR_ALREADY_EXISTS, "there is an instance '%s' already", cli->word);
    }
    if (rows.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "the project was removed meanwhile");
    return 0;
}

static int add(struct cli *cli, const struct uuid *project, const struct uuid *id,
               struct error *err)
{
    char endpoints[ENDPOINTS_TEXT_MAX], sealed[SEALED_TEXT_MAX];
    SCOPED(scope_free) char *ca = NULL;
    if (join_endpoints(cli->arguments, endpoints, err) < 0 ||
        pem_file_read(arguments_value(cli->arguments, OPTION_TLS_CA), &ca, err) < 0 ||
        seal_password(cli, id, sealed, err) < 0)
        return -1;
    return insert(cli, project, id, endpoints, ca, sealed, err);
}

int command_instance_add(struct cli *cli, struct error *err)
{
    struct uuid project, id;
    uuid_generate(&id);
    if (name_check(cli->word, err) < 0 || check_options(cli->arguments, err) < 0 ||
        project_lookup(cli, arguments_value(cli->arguments, OPTION_PROJECT), &project, err) < 0 ||
        add(cli, &project, &id, err) < 0)
        return -1;
    int status = 0;
    if (!arguments_have(cli->arguments, OPTION_NO_PROBE)) {
        SCOPED(pg_rows_release) struct pg_rows rows = {0};
        if (instance_lookup(cli, &project, id.text, &rows, err) < 0)
            return -1;
        status = instance_run_probe(cli, &rows, err);
    }
    return instance_show_record(cli, &project, id.text, err) < 0 ? -1 : status;
}
