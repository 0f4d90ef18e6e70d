/* The command line after the settings were taken out (base/config.h): words and options, one table
 * for all commands.  A mistake is ERROR_INVALID_PARAMETER, which main answers with exit status 2.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum option {
    OPTION_HELP,
    OPTION_JSON,
    OPTION_PROJECT,
    OPTION_ID,
    OPTION_OPERATOR,
    OPTION_INSTANCE,
    OPTION_ROLE,
    OPTION_ACTION,
    OPTION_NO_POLICY,
    OPTION_TEMPORARY,
    OPTION_STATUS,
    OPTION_LIMIT,
    OPTION_ENDPOINT,
    OPTION_CACHE_MODE,
    OPTION_DESCRIPTION,
    OPTION_TLS,
    OPTION_TLS_CA,
    OPTION_TLS_SERVER_NAME,
    OPTION_USER,
    OPTION_PASSWORD_FILE,
    OPTION_HOTKEYS_COMMAND,
    OPTION_CLIENT_CERTIFICATE,
    OPTION_CLIENT_KEY_FILE,
    OPTION_PROFILE,
    OPTION_ADDRESS_MAP,
    OPTION_SENTINEL_MASTER,
    OPTION_BACKUP_DIRECTORY,
    OPTION_NO_PROBE,
    OPTION_KIND,
    OPTION_ASK_PASSWORD,
    OPTION_TIMEOUT,
    OPTION_BATCH_KEYS,
    OPTION_NODES_AT_ONCE,
    OPTION_BYTES,
    OPTION_NO_PROGRESS,
    OPTION_INSTANCES_MAX,
    OPTION_SCANS_MAX,
    OPTION_SCHEDULE_ENTRIES_MAX,
    OPTION_SERVER_ROLE,
    OPTION_WORKER_ROLE,
    OPTION_AUDIT_ROLE,
    OPTION_OPERATOR_ROLE,
    OPTION_IDENTITY,
    OPTION_DECISION,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_REQUEST,
    OPTION_OLDER_THAN,
    OPTION_CHECK,
    OPTION_INTERVAL,
    OPTION_PATIENCE,
    OPTION_MEASURES,
    OPTION_SEPARATORS,
    OPTION_PREFIX_DEPTH,
    OPTION_TOP,
    OPTION_FORMAT,
    OPTION_PART,
    OPTION_ALLOCATOR,
    OPTION_COUNT
};

#define OPTION_BIT(option) (UINT64_C(1) << (option))

enum { ARGUMENTS_WORDS_MAX = 8, ARGUMENTS_VALUES_MAX = 64 };

struct option_description {
    const char *name;  /* with its dashes */
    const char *value; /* what stands for the value in help; null: it has none */
    int most;          /* how often it may be given */
    const char *help;
};

extern const struct option_description option_descriptions[OPTION_COUNT];

/* The values that an option may have, with '|' between them; null: any. */
extern const char *const option_choices[OPTION_COUNT];

/* Everything points into argv. */
struct arguments {
    int word_count;
    const char *words[ARGUMENTS_WORDS_MAX];
    int counts[OPTION_COUNT];
    const char *values[OPTION_COUNT][ARGUMENTS_VALUES_MAX];
};

/* Takes `--name value`, `--name=value` and words, in any order; after `--` there are only words. */
int arguments_parse(int argc, char *const *argv, struct arguments *ret_arguments,
                    struct error *err);

static inline bool arguments_have(const struct arguments *arguments, enum option option)
{
    return arguments->counts[option] > 0;
}

/* The last value given, or null. */
const char *arguments_value(const struct arguments *arguments, enum option option);

/* Reads the number that an option has, which stays as it is where the option is not given. */
int arguments_number(const struct arguments *arguments, enum option option, int64_t least,
                     int64_t most, int64_t *number, struct error *err);

/* Refuses options outside `allowed` and the lack of one in `required` (OPTION_BITs). */
int arguments_check(const struct arguments *arguments, uint64_t allowed, uint64_t required,
                    struct error *err);

#endif
