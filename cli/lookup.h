/* From what a person types to what the database holds; and which names may be given. */
#ifndef CLI_LOOKUP_H
#define CLI_LOOKUP_H

#include "base/uuid.h"
#include "command.h"
#include "model/instance.h"

enum { NAME_MAX_CHARACTERS = 64 };

/* Whether the passwords of the databases could be read, and whether there is a database to ask;
 * they ask nobody.  Fail with the setting's name. */
int cli_check_passwords(const struct cli *cli, struct error *err);
int cli_check_database(const struct cli *cli, struct error *err);

/* A statement of the session, with the name of the setting in its failure where it is not set. */
int cli_execute(struct cli *cli, const struct pg_statement *statement,
                const struct pg_parameters *parameters, struct pg_rows *ret_rows,
                struct error *err);

/* A name for a new project or instance: UTF-8, 1 to 64 characters, none of them a control
 * character, and not in the form of an id, which stands for the id wherever either is taken. */
int name_check(const char *name, struct error *err);

/* The project that a word names, by id or name; it must exist. */
int project_lookup(struct cli *cli, const char *word, struct uuid *ret_project, struct error *err);

/* The project of --project as a parameter of a statement: null where the option is not given. */
int project_option(struct cli *cli, struct uuid *ret_project, const char **ret_parameter,
                   struct error *err);

/* The instance of a project by id or name: instance_find's row, which the caller releases. */
int instance_lookup(struct cli *cli, const struct uuid *project, const char *word,
                    struct pg_rows *ret_rows, struct error *err);

/* --instance, an id anywhere or a name in --project, as a parameter: null where it is not given. */
int instance_option(struct cli *cli, const struct uuid *project, struct uuid *ret_instance,
                    const char **ret_parameter, struct error *err);

/* --limit, or how many rows are shown without it. */
int limit_option(const struct arguments *arguments, int64_t *ret_limit, struct error *err);

#endif
