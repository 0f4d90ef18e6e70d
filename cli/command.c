/* The table of commands and its help. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#define PROJECT OPTION_BIT(OPTION_PROJECT)
#define QUOTAS                                                                                     \
    (OPTION_BIT(OPTION_INSTANCES_MAX) | OPTION_BIT(OPTION_SCANS_MAX) |                             \
     OPTION_BIT(OPTION_SCHEDULE_ENTRIES_MAX))
#define INSTANCE_WAY                                                                               \
    (PROJECT | OPTION_BIT(OPTION_ENDPOINT) | OPTION_BIT(OPTION_CACHE_MODE) |                       \
     OPTION_BIT(OPTION_DESCRIPTION) | OPTION_BIT(OPTION_TLS) | OPTION_BIT(OPTION_TLS_CA) |         \
     OPTION_BIT(OPTION_TLS_SERVER_NAME) | OPTION_BIT(OPTION_USER) |                                \
     OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_HOTKEYS_COMMAND) |                       \
     OPTION_BIT(OPTION_CLIENT_CERTIFICATE) | OPTION_BIT(OPTION_CLIENT_KEY_FILE) |                  \
     OPTION_BIT(OPTION_PROFILE) | OPTION_BIT(OPTION_ADDRESS_MAP) |                                 \
     OPTION_BIT(OPTION_SENTINEL_MASTER) | OPTION_BIT(OPTION_BACKUP_DIRECTORY) |                    \
     OPTION_BIT(OPTION_NO_PROBE))
#define KEY_GRANT                                                                                  \
    (OPTION_BIT(OPTION_ROLE) | OPTION_BIT(OPTION_ACTION) | OPTION_BIT(OPTION_INSTANCE))
#define TASK_LIST                                                                                  \
    (PROJECT | OPTION_BIT(OPTION_INSTANCE) | OPTION_BIT(OPTION_STATUS) | OPTION_BIT(OPTION_LIMIT))
#define ROLES                                                                                      \
    (OPTION_BIT(OPTION_SERVER_ROLE) | OPTION_BIT(OPTION_WORKER_ROLE) |                             \
     OPTION_BIT(OPTION_AUDIT_ROLE) | OPTION_BIT(OPTION_OPERATOR_ROLE))
#define AUDIT_LIST                                                                                 \
    (PROJECT | OPTION_BIT(OPTION_IDENTITY) | OPTION_BIT(OPTION_DECISION) |                         \
     OPTION_BIT(OPTION_SINCE) | OPTION_BIT(OPTION_UNTIL) | OPTION_BIT(OPTION_REQUEST) |            \
     OPTION_BIT(OPTION_LIMIT))
#define SCHEDULE_LIST (PROJECT | OPTION_BIT(OPTION_INSTANCE))
#define SCAN                                                                                       \
    (OPTION_BIT(OPTION_KIND) | OPTION_BIT(OPTION_PROFILE) | OPTION_BIT(OPTION_ENDPOINT) |          \
     OPTION_BIT(OPTION_SENTINEL_MASTER) | OPTION_BIT(OPTION_USER) |                                \
     OPTION_BIT(OPTION_PASSWORD_FILE) | OPTION_BIT(OPTION_ASK_PASSWORD) |                          \
     OPTION_BIT(OPTION_TLS_CA) | OPTION_BIT(OPTION_TLS_SERVER_NAME) |                              \
     OPTION_BIT(OPTION_CLIENT_CERTIFICATE) | OPTION_BIT(OPTION_CLIENT_KEY_FILE) |                  \
     OPTION_BIT(OPTION_ADDRESS_MAP) | OPTION_BIT(OPTION_BYTES) | OPTION_BIT(OPTION_MEASURES) |     \
     OPTION_BIT(OPTION_SEPARATORS) | OPTION_BIT(OPTION_PREFIX_DEPTH) | OPTION_BIT(OPTION_TOP) |    \
     OPTION_BIT(OPTION_TIMEOUT) | OPTION_BIT(OPTION_BATCH_KEYS) |                                  \
     OPTION_BIT(OPTION_NODES_AT_ONCE) | OPTION_BIT(OPTION_HOTKEYS_COMMAND) |                       \
     OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_NO_PROGRESS))

#define RDB_ANALYZE                                                                                \
    (OPTION_BIT(OPTION_SEPARATORS) | OPTION_BIT(OPTION_PREFIX_DEPTH) | OPTION_BIT(OPTION_TOP) |    \
     OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_PART) |              \
     OPTION_BIT(OPTION_ALLOCATOR) | OPTION_BIT(OPTION_NO_PROGRESS))

const struct command commands[] = {
    {"migrate", NULL, NULL, ROLES | OPTION_BIT(OPTION_PATIENCE), 0, command_migrate, true,
     "bring the database's schema up to date",
     "Prints what it applied.  Safe to repeat, to cut off, and to run twice at once: it goes on\n"
     "where it was.  It gives way to requests, and gives up where others let it do nothing for so\n"
     "long.  Roles that are named once are remembered; each is given what its program needs, and\n"
     "no more, at every run."},
    {"project", "add", "NAME", QUOTAS | OPTION_BIT(OPTION_ID), 0, command_project_add, true,
     "make a project; prints its id",
     "Without --id it gets one of its own, and is for access keys alone: a token opens the project "
     "that has the id of the token's."},
    {"project", "set", "NAME|ID", QUOTAS, 0, command_project_set, true, "change a project's quotas",
     "What is not given stays; an empty value takes a quota away, so that the programs' setting "
     "counts.\n"
     "What a project has beyond a lower quota stays; it gets no more."},
    {"project", "list", NULL, 0, 0, command_project_list, false, "all projects", NULL},
    {"project", "show", "NAME|ID", 0, 0, command_project_show, false, "a project and its quotas",
     NULL},
    {"key", "add", NULL,
     PROJECT | OPTION_BIT(OPTION_OPERATOR) | OPTION_BIT(OPTION_TEMPORARY) | KEY_GRANT, 0,
     command_key_add, true, "make an access key; prints its secret, once",
     "Either --project: a tenant's key, which opens that project; or --operator: an operator's, "
     "which\n"
     "belongs to no project and opens the administration interface only.  The secret is stored "
     "sealed\n"
     "under the key file's first key and cannot be read again.\n"
     "The key may do what both its role and, where there are --action or --instance, they allow."},
    {"key", "list", NULL, PROJECT, 0, command_key_list, false, "access keys", NULL},
    {"key", "show", "ID", 0, 0, command_key_show, false, "an access key", NULL},
    {"key", "set", "ID", KEY_GRANT | OPTION_BIT(OPTION_NO_POLICY), 0, command_key_set, true,
     "change what a key may do, at once",
     "--action and --instance each replace the whole list of theirs; what is not given stays."},
    {"key", "disable", "ID", 0, 0, command_key_disable, true, "refuse requests signed with a key",
     NULL},
    {"key", "enable", "ID", 0, 0, command_key_enable, true, "take them again", NULL},
    {"instance", "add", "NAME", INSTANCE_WAY, PROJECT | OPTION_BIT(OPTION_ENDPOINT),
     command_instance_add, true, "register a Redis or Valkey and probe it",
     "The password comes from a file or standard input and is stored sealed.  Where the probe "
     "fails,\n"
     "the reason is recorded and printed, the exit status is 1, and the instance stays "
     "registered:\n"
     "correct the server and run 'instance probe', or remove it."},
    {"instance", "set", "NAME|ID", INSTANCE_WAY, PROJECT, command_instance_set, true,
     "change how an instance is reached or scanned, and probe it again",
     "What is not given stays; an option with an empty value takes away what there was.  A "
     "changed\n"
     "profile counts from the next task on."},
    {"instance", "list", NULL, PROJECT, 0, command_instance_list, false, "registered instances",
     NULL},
    {"instance", "show", "NAME|ID", PROJECT, PROJECT, command_instance_show, false,
     "all that is known of an instance", NULL},
    {"instance", "probe", "NAME|ID", PROJECT, PROJECT, command_instance_probe, false,
     "connect and record version, role, mode, maxmemory-policy and what can be analysed",
     "Where it fails, the reason is recorded and printed and the exit status is 1; what an "
     "earlier\n"
     "probe found stays."},
    {"instance", "remove", "NAME|ID", PROJECT, PROJECT, command_instance_remove, true,
     "forget an instance with its tasks and results", "The server itself is not touched."},
    {"task", "list", NULL, TASK_LIST, 0, command_task_list, false, "tasks, the newest first", NULL},
    {"task", "show", "ID", 0, 0, command_task_show, false,
     "a task: progress, worker, reason of failure, biggest keys", NULL},
    {"task", "watch", "ID", OPTION_BIT(OPTION_INTERVAL) | OPTION_BIT(OPTION_NO_PROGRESS), 0,
     command_task_watch, false, "wait for a task's end; show how far it is, and then the task",
     "How far it is goes to standard error: a bar on a terminal, elsewhere a line now and then.\n"
     "The exit status is 0 when it succeeded, 1 when it failed or was deleted.  Ctrl-C ends the "
     "watching "
     "only."},
    {"top", NULL, NULL, PROJECT | OPTION_BIT(OPTION_INTERVAL), 0, command_top, false,
     "the scans that run, live: how far, how fast, how long to go, where",
     "On a terminal it is drawn again every 2 seconds, or every --interval; Ctrl-C ends it.  "
     "Elsewhere,\n"
     "and with --json, it is written once; with --interval again and again, a document a line.  "
     "The rate is\n"
     "what the worker saw between its last two notes, a few seconds apart."},
    {"schedule", "list", NULL, SCHEDULE_LIST, 0, command_schedule_list, false,
     "automatic analyses: the next round and what became of the last one", NULL},
    {"schedule", "rounds", NULL, SCHEDULE_LIST | OPTION_BIT(OPTION_LIMIT), 0,
     command_schedule_rounds, false,
     "rounds that fell due, the latest first: started, or skipped and why", NULL},
    {"secret", "generate-key", "FILE", 0, 0, command_secret_generate_key, false,
     "write a new key-encryption key into a new file",
     "Keep the file: without it no sealed secret opens.  To change keys, add the new key's line to "
     "the\n"
     "key files of all programs, move it to the front, and run 'secret rotate'."},
    {"secret", "rotate", NULL, OPTION_BIT(OPTION_CHECK), 0, command_secret_rotate, true,
     "re-seal all secrets with the key file's first key",
     "Programs may run meanwhile, and so may another rotation; what was cut short is taken up by "
     "the\n"
     "next run.  It says at the end whether the old keys can be removed from the key files; where "
     "not,\n"
     "the exit status is 1, and 3 where a key is missing that would open what is left."},
    {"scan", NULL, "URL", SCAN, 0, command_scan, false,
     "analyse one Redis or Valkey from here; needs no database",
     "URL is redis://[user@]host[:port][/database], rediss:// with TLS.  What is there is found "
     "out: a\n"
     "server, or a node of a cluster, which is then scanned as a whole.  Without a database in the "
     "URL\n"
     "all of them are scanned.  With --endpoint or --sentinel-master, big keys are read from a "
     "replica.\n"
     "The password comes from --password-file, --ask-password or the environment's "
     "REDISCLI_AUTH, never\n"
     "from the command line.\n"
     "--kind expired frees the memory of keys that have expired but are still held (for clients "
     "they\n"
     "are gone already): a SCAN of a master does that to every such key that it meets, whatever "
     "its kind.\n"
     "--kind analysis tells what the whole keyspace adds up to: --measures, --separators,\n"
     "--prefix-depth and --top belong to it.\n"
     "Ctrl-C stops the scan."},
    {"rdb", "analyze", "FILE", RDB_ANALYZE, 0, command_rdb_analyze, false,
     "analyse a dump of Redis or Valkey; needs no database and no server",
     "FILE is what a server saved (dump.rdb), plain or compressed by gzip; - is standard input, as "
     "in\n"
     "'redis-cli --rdb - | dcsctl rdb analyze -'.  It is read once, in constant memory.  Bytes "
     "are\n"
     "estimates of what a value takes in memory.\n"
     "Ctrl-C stops it."},
    {"audit", "list", NULL, AUDIT_LIST, 0, command_audit_list, false,
     "who did or tried what, the latest first", NULL},
    {"audit", "prune", NULL, OPTION_BIT(OPTION_OLDER_THAN), OPTION_BIT(OPTION_OLDER_THAN),
     command_audit_prune, true, "take old events out of the audit log",
     "Only the owner of the database may."},
    {"completion", NULL, "bash|zsh", 0, 0, command_completion, false,
     "a script that completes dcsctl's words for a shell",
     "bash: source <(dcsctl completion bash)    zsh: source <(dcsctl completion zsh)"},
    {0},
};

static const char usage[] = "usage: dcsctl NOUN [VERB] [WORD] [--option VALUE ...] [--json]\n"
                            "       dcsctl --help | --version\n";

static const char epilogue[] =
    "\n'dcsctl NOUN --help' says more.  --json prints one JSON document, on every command but\n"
    "completion.\n"
    "\nSettings (--name value, DCS_NAME in the environment, 'name = value' in --config FILE):\n"
    "  database_url              PostgreSQL connection string; environment or file only\n"
    "  database_password_file    file whose only line is its password\n"
    "  key_file                  file of key-encryption keys ('secret generate-key' makes one)\n"
    "  probe_timeout_ms          time to reach a Redis, and its longest silence, when probed\n"
    "\nExit status: 0 done; 1 failed, the reason is on standard error; 2 not understood, nothing "
    "was\n"
    "done; 3 a key is missing in key_file; 130 interrupted.  Colours are for terminals, and none "
    "where NO_COLOR is set.\n";

static bool is_word(const struct arguments *arguments, int index, const char *word)
{
    return index < arguments->word_count && word && strcmp(arguments->words[index], word) == 0;
}

static int check_words(const struct command *command, const struct arguments *arguments,
                       const char **ret_word, struct error *err)
{
    int own = command->verb ? 2 : 1;
    int count = arguments->word_count - own;
    if (command->word && count < 1)
        return error_set(err, ERROR_INVALID_PARAMETER, "%s is missing", command->word);
    if (count > (command->word ? 1 : 0))
        return error_set(err, ERROR_INVALID_PARAMETER, "unexpected word '%s'",
                         arguments->words[arguments->word_count - 1]);
    *ret_word = command->word ? arguments->words[own] : NULL;
    return arguments_check(arguments,
                           command->allowed | OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_JSON),
                           command->required, err);
}

int command_find(const struct arguments *arguments, const struct command **ret_command,
                 const char **ret_word, struct error *err)
{
    bool noun_known = false;
    for (const struct command *command = commands; command->noun; command++) {
        if (!is_word(arguments, 0, command->noun))
            continue;
        noun_known = true;
        if (command->verb && !is_word(arguments, 1, command->verb))
            continue;
        *ret_command = command;
        return check_words(command, arguments, ret_word, err);
    }
    if (arguments->word_count == 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "no command; see 'dcsctl --help'");
    if (!noun_known)
        return error_set(err, ERROR_INVALID_PARAMETER, "unknown command '%s'; see 'dcsctl --help'",
                         arguments->words[0]);
    return error_set(err, ERROR_INVALID_PARAMETER, "%s '%s'; see 'dcsctl %s --help'",
                     arguments->word_count > 1 ? "unknown verb" : "a verb is missing after",
                     arguments->words[arguments->word_count > 1 ? 1 : 0], arguments->words[0]);
}

static void print_synopsis(const struct command *command)
{
    printf("dcsctl %s%s%s%s%s", command->noun, command->verb ? " " : "",
           command->verb ? command->verb : "", command->word ? " " : "",
           command->word ? command->word : "");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &option_descriptions[i];
        if (command->required & OPTION_BIT(i))
            printf(" %s %s", option->name, option->value);
    }
    if (command->allowed & ~command->required)
        printf(" [options]");
    putchar('\n');
}

static void print_command(const struct command *command)
{
    print_synopsis(command);
    printf("    %s\n", command->summary);
    for (const char *c = command->details; c && *c;) {
        int length = (int)strcspn(c, "\n");
        printf("    %.*s\n", length, c);
        c += length + (c[length] == '\n');
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &option_descriptions[i];
        char name[32];
        snprintf(name, sizeof(name), "%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        if (command->allowed & OPTION_BIT(i))
            printf("      %-24s  %s\n", name, option->help);
    }
    putchar('\n');
}

static void print_everything(void)
{
    printf(
        "%sdcsctl sets up and watches a cache analysis service, and analyses a single server.\n\n",
        usage);
    for (const struct command *command = commands; command->noun; command++) {
        char name[64];
        snprintf(name, sizeof(name), "%s %s %s", command->noun, command->verb ? command->verb : "",
                 command->word ? command->word : "");
        printf("  %-26s %s\n", name, command->summary);
    }
    fputs(epilogue, stdout);
}

void command_print_help(const struct arguments *arguments)
{
    bool printed = false;
    for (const struct command *command = commands; command->noun; command++) {
        if (is_word(arguments, 0, command->noun) && (arguments->word_count == 1 || !command->verb ||
                                                     is_word(arguments, 1, command->verb))) {
            print_command(command);
            printed = true;
        }
    }
    if (printed)
        puts(
            "Every command takes --json and --help.  'dcsctl --help' lists all, and the settings.");
    else
        print_everything();
}
