/* One table of commands: what a person types, what --help says about it, and the function behind
 * it. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "arguments.h"
#include "base/config.h"
#include "pg/session.h"

/* What a command works with; lives as long as it runs. */
struct cli {
    const struct config *config;
    const struct arguments *arguments;
    const char *word; /* the command's own word: a name, an id, a file; null where it takes none */
    struct pg_login database, audit_database;
    struct error password_problem; /* why one of their passwords cannot be read; no code: it can */
    struct pg_session *session;
    bool json;
};

/* Writes the command's answer to standard output.  A failure's code decides the exit status:
 * ERROR_INVALID_PARAMETER is 2, ERROR_SECRET_KEY 3, ERROR_SCAN_CANCELLED (by Ctrl-C) 130, any
 * other is 1. */
typedef int command_fn(struct cli *cli, struct error *err);

struct command {
    const char *noun;
    const char *verb; /* null: the noun is all */
    const char *word; /* what stands for the word in help; null: the command takes none */
    uint64_t allowed; /* options beside --help and --json */
    uint64_t required;
    command_fn *run;
    bool changes; /* something that others rely on: it is written to the audit log */
    const char *summary;
    const char *details; /* more for its own help; may be null */
};

/* Ended by a row without noun. */
extern const struct command commands[];

/* Finds the command that the words name and its own word, which may be null.  A mistake is
 * ERROR_INVALID_PARAMETER. */
int command_find(const struct arguments *arguments, const struct command **ret_command,
                 const char **ret_word, struct error *err);

/* Help on what the words name, as far as they name something: everything, a noun, a command. */
void command_print_help(const struct arguments *arguments);

command_fn command_migrate;
command_fn command_project_add, command_project_list, command_project_show, command_project_set;
command_fn command_key_add, command_key_list, command_key_show, command_key_set,
    command_key_disable, command_key_enable;
command_fn command_instance_add, command_instance_set, command_instance_list, command_instance_show,
    command_instance_probe, command_instance_remove;
command_fn command_schedule_list, command_schedule_rounds, command_task_list, command_task_show,
    command_task_watch;
command_fn command_secret_generate_key, command_secret_rotate;
command_fn command_rdb_analyze;
command_fn command_scan, command_top, command_completion;
command_fn command_audit_list, command_audit_prune;

#endif
