/* Names and ids of projects and instances. */
#include "lookup.h"

#include "base/scope.h"
#include "model/instance_store.h"
#include "model/project_store.h"
#include "pg/session.h"

int cli_check_passwords(const struct cli *cli, struct error *err)
{
    if (cli->password_problem.code == ERROR_NONE)
        return 0;
    *err = cli->password_problem;
    return -1;
}

int cli_check_database(const struct cli *cli, struct error *err)
{
    if (cli->config->database_url[0] == '\0')
        return error_set(err, ERROR_CONFIG, "database_url is not set (DCS_DATABASE_URL)");
    return cli_check_passwords(cli, err);
}

int cli_execute(struct cli *cli, const struct pg_statement *statement,
                const struct pg_parameters *parameters, struct pg_rows *ret_rows, struct error *err)
{
    if (cli_check_database(cli, err) < 0)
        return -1;
    return pg_session_execute(cli->session, statement, parameters, ret_rows, err);
}

int name_check(const char *name, struct error *err)
{
    struct text text = text_of(name);
    struct uuid uuid;
    size_t characters = 0;
    for (size_t i = 0; i < text.length; characters++) {
        size_t width = text_utf8_width(name + i, text.length - i);
        unsigned char byte = (unsigned char)name[i];
        if (width == 0 || byte < 0x20 || byte == 0x7f)
            return error_set(err, ERROR_INVALID_PARAMETER,
                             "a name must be UTF-8 without control characters");
        i += width;
    }
    if (characters < 1 || characters > NAME_MAX_CHARACTERS)
        return error_set(err, ERROR_INVALID_PARAMETER, "a name has 1 to %d characters",
                         NAME_MAX_CHARACTERS);
    if (uuid_parse_any(text, &uuid) == 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "a name must not look like an id: '%s'",
                         name);
    return 0;
}

int project_lookup(struct cli *cli, const char *word, struct uuid *ret_project, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, word);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (cli_execute(cli, &project_find, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return error_set(err, ERROR_NOT_FOUND, "there is no project '%s'", word);
    if (uuid_parse(pg_rows_text(&rows, 0, PROJECT_ID), ret_project) < 0)
        return error_set(err, ERROR_INTERNAL, "a project's id is no UUID");
    return 0;
}

int project_option(struct cli *cli, struct uuid *ret_project, const char **ret_parameter,
                   struct error *err)
{
    const char *word = arguments_value(cli->arguments, OPTION_PROJECT);
    *ret_parameter = word ? ret_project->text : NULL;
    return word ? project_lookup(cli, word, ret_project, err) : 0;
}

int instance_lookup(struct cli *cli, const struct uuid *project, const char *word,
                    struct pg_rows *ret_rows, struct error *err)
{
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, project->text);
    pg_parameters_add_reference(&parameters, word);
    if (cli_execute(cli, &instance_find, &parameters, ret_rows, err) < 0)
        return -1;
    if (ret_rows->row_count == 0) {
        pg_rows_release(ret_rows);
        return error_set(err, ERROR_NOT_FOUND, "there is no instance '%s' in the project", word);
    }
    return 0;
}

int instance_option(struct cli *cli, const struct uuid *project, struct uuid *ret_instance,
                    const char **ret_parameter, struct error *err)
{
    const char *word = arguments_value(cli->arguments, OPTION_INSTANCE);
    *ret_parameter = word ? ret_instance->text : NULL;
    if (cli->arguments->counts[OPTION_INSTANCE] > 1)
        return error_set(err, ERROR_INVALID_PARAMETER, "--instance is given more than once");
    if (!word || uuid_parse(text_of(word), ret_instance) == 0)
        return 0;
    if (!arguments_have(cli->arguments, OPTION_PROJECT))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--instance by name needs --project, which the name belongs to");
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    if (instance_lookup(cli, project, word, &rows, err) < 0)
        return -1;
    struct instance instance;
    instance_read(&rows, 0, 0, &instance);
    return uuid_parse(text_of(instance.id), ret_instance);
}

int limit_option(const struct arguments *arguments, int64_t *ret_limit, struct error *err)
{
    enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 1000 };
    const char *limit = arguments_value(arguments, OPTION_LIMIT);
    *ret_limit = LIMIT_DEFAULT;
    if (limit && (text_parse_integer(text_of(limit), ret_limit) < 0 || *ret_limit < 1 ||
                  *ret_limit > LIMIT_MAX))
        return error_set(err, ERROR_INVALID_PARAMETER, "--limit is a number from 1 to %d",
                         LIMIT_MAX);
    return 0;
}
