/* The options' table and its parser: nothing is guessed, nothing abbreviated. */
#include "arguments.h"

#include <string.h>

#include "base/text.h"

const struct option_description option_descriptions[OPTION_COUNT] = {
    [OPTION_HELP] = {"--help", NULL, 1, "say how the command is used"},
    [OPTION_JSON] = {"--json", NULL, 1, "print one JSON document instead of a table"},
    [OPTION_PROJECT] = {"--project", "P", 1, "project, by id or name"},
    [OPTION_ID] = {"--id", "ID", 1, "the id that the project has in the identity service"},
    [OPTION_OPERATOR] = {"--operator", NULL, 1, "an operator's key: administration, no project"},
    [OPTION_INSTANCE] = {"--instance", "I", ARGUMENTS_VALUES_MAX,
                         "instance, by id, or by name with --project; of a key: may be repeated"},
    [OPTION_ROLE] = {"--role", "ROLE", 1,
                     "'DCS FullAccess' (default), 'DCS UserAccess', 'DCS ReadOnlyAccess' or "
                     "'operator'"},
    [OPTION_ACTION] = {"--action", "A", ARGUMENTS_VALUES_MAX,
                       "allow, of what the role may do, this; may be repeated"},
    [OPTION_NO_POLICY] = {"--no-policy", NULL, 1, "allow all that the role may do"},
    [OPTION_TEMPORARY] = {"--temporary", "SECONDS", 1,
                          "a key that ends by itself (1 to 604800), used with a security token"},
    [OPTION_STATUS] = {"--status", "S", 1, "waiting, running, success or failed"},
    [OPTION_LIMIT] =
        {"--limit", "N", 1,
         "at most so many rows: the newest tasks, a type's first keys (1 to 1000; 20)"},
    [OPTION_ENDPOINT] = {"--endpoint", "HOST:PORT", ARGUMENTS_VALUES_MAX,
                         "where it listens ([ADDRESS]:PORT for IPv6); may be repeated"},
    [OPTION_CACHE_MODE] = {"--cache-mode", "MODE", 1,
                           "single (default), ha, ha_rw_split, proxy or cluster"},
    [OPTION_DESCRIPTION] = {"--description", "TEXT", 1, "a description that tenants see"},
    [OPTION_TLS] = {"--tls", NULL, 1, "connect with TLS and verify the certificate"},
    [OPTION_TLS_CA] = {"--tls-ca", "FILE", 1, "PEM certificates to trust; else the system's"},
    [OPTION_TLS_SERVER_NAME] = {"--tls-server-name", "NAME", 1,
                                "name in the certificate, where it is not the host"},
    [OPTION_USER] = {"--user", "NAME", 1, "ACL user; else the default user"},
    [OPTION_PASSWORD_FILE] = {"--password-file", "FILE", 1,
                              "file with the password, - for standard input"},
    [OPTION_HOTKEYS_COMMAND] = {"--hotkeys-command", NULL, 1,
                                "take hot keys from the server's HOTKEYS command, LFU or not"},
    [OPTION_CLIENT_CERTIFICATE] = {"--client-certificate", "FILE", 1,
                                   "PEM certificate to show to a server that asks for one"},
    [OPTION_CLIENT_KEY_FILE] = {"--client-key-file", "FILE", 1, "PEM file with its private key"},
    [OPTION_PROFILE] = {"--profile", "NAME", 1,
                        "what a scan may take of the server: gentle, balanced or fast; else "
                        "the setting scan_profile"},
    [OPTION_ADDRESS_MAP] = {"--address-map", "MAP", 1,
                            "ANNOUNCED:PORT=REACHABLE:PORT or HOST=HOST, commas between"},
    [OPTION_SENTINEL_MASTER] = {"--sentinel-master", "NAME", 1,
                                "the endpoints are Sentinels, which know the master as NAME"},
    [OPTION_BACKUP_DIRECTORY] = {"--backup-directory", "PATH", 1,
                                 "where the instance's backups are, below the workers' setting "
                                 "backup_root"},
    [OPTION_NO_PROBE] = {"--no-probe", NULL, 1, "do not probe now; leave it to a worker"},
    [OPTION_KIND] = {"--kind", "KIND", 1, "bigkey (default), hotkey, expired or analysis"},
    [OPTION_ASK_PASSWORD] = {"--ask-password", NULL, 1, "ask for the password on the terminal"},
    [OPTION_TIMEOUT] = {"--timeout", "SECONDS", 1, "longest run (1 to 604800; 21600)"},
    [OPTION_BATCH_KEYS] = {"--batch-keys", "N", 1,
                           "largest COUNT of a SCAN (10 to 5000; 1000; of --kind expired 10 to "
                           "20000; 100)"},
    [OPTION_NODES_AT_ONCE] = {"--nodes-at-once", "N", 1,
                              "nodes of a cluster that are read side by side (1 to 64; 4)"},
    [OPTION_BYTES] = {"--bytes", NULL, 1, "say of big keys how much memory each takes as well"},
    [OPTION_NO_PROGRESS] = {"--no-progress", NULL, 1, "show no progress bar on a terminal"},
    [OPTION_INSTANCES_MAX] = {"--instances-max", "N", 1,
                              "most instances; 0: no limit, empty: the setting"},
    [OPTION_SCANS_MAX] = {"--scans-max", "N", 1, "most scans that run at a time, others wait"},
    [OPTION_SCHEDULE_ENTRIES_MAX] = {"--schedule-entries-max", "N", 1,
                                     "most scheduled times of day and intervals"},
    [OPTION_SERVER_ROLE] = {"--server-role", "ROLE", 1, "database role that servers come as"},
    [OPTION_WORKER_ROLE] = {"--worker-role", "ROLE", 1, "database role that workers come as"},
    [OPTION_AUDIT_ROLE] = {"--audit-role", "ROLE", 1,
                           "database role that may do nothing but add to the audit log"},
    [OPTION_OPERATOR_ROLE] = {"--operator-role", "ROLE", 1,
                              "database role of dcsctl from day to day"},
    [OPTION_IDENTITY] = {"--identity", "ID", 1, "what this access key or user did"},
    [OPTION_DECISION] = {"--decision", "D", 1, "allowed, refused, rejected or failed"},
    [OPTION_SINCE] = {"--since", "TIME", 1, "not before, YYYY-MM-DDTHH:MM:SS, UTC"},
    [OPTION_UNTIL] = {"--until", "TIME", 1, "before"},
    [OPTION_REQUEST] = {"--request", "ID", 1, "what its X-Request-Id names"},
    [OPTION_OLDER_THAN] = {"--older-than", "DAYS", 1, "age from which events go (1 to 36500)"},
    [OPTION_CHECK] = {"--check", NULL, 1, "count what is left to do, and change nothing"},
    [OPTION_INTERVAL] = {"--interval", "SECONDS", 1, "look again after so long (1 to 3600)"},
    [OPTION_PATIENCE] = {"--patience", "SECONDS", 1,
                         "how long to go on asking for what others hold (1 to 86400; 300)"},
    [OPTION_MEASURES] = {"--measures", "LIST", 1,
                         "of memory, ttl, encoding and usage, commas between (memory,ttl)"},
    [OPTION_SEPARATORS] = {"--separators", "CHARS", 1,
                           "what ends a prefix of a name, 1 to 8 punctuation characters (:)"},
    [OPTION_PREFIX_DEPTH] = {"--prefix-depth", "N", 1, "prefixes of a name (1 to 16; 8)"},
    [OPTION_TOP] = {"--top", "N", 1, "keys per ranking of an analysis (1 to 10000; 100)"},
    [OPTION_FORMAT] = {"--format", "FORMAT", 1, "table (default), json or csv"},
    [OPTION_PART] = {"--part", "PART", 1,
                     "of json and csv, one table alone (csv: keys): keys, keys_by_size, prefixes, "
                     "prefixes_by_type, types, encodings, databases, ttl, sizes, idle, frequency"},
    [OPTION_ALLOCATOR] = {"--allocator", "NAME", 1,
                          "what INFO of the dump's server says as mem_allocator (jemalloc-5.3.0, "
                          "libc)"},
};

const char *const option_choices[OPTION_COUNT] = {
    [OPTION_ROLE] = "DCS FullAccess|DCS UserAccess|DCS ReadOnlyAccess|operator",
    [OPTION_STATUS] = "waiting|running|success|failed",
    [OPTION_CACHE_MODE] = "single|ha|ha_rw_split|proxy|cluster",
    [OPTION_PROFILE] = "gentle|balanced|fast",
    [OPTION_KIND] = "bigkey|hotkey|expired|analysis",
    [OPTION_DECISION] = "allowed|refused|rejected|failed",
    [OPTION_FORMAT] = "table|json|csv",
    [OPTION_PART] = ("keys|keys_by_size|prefixes|prefixes_by_type|types|encodings|databases|ttl|"
                     "sizes|idle|frequency"),
};

static int find_option(const char *word, size_t length)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *name = option_descriptions[i].name;
        if (strlen(name) == length && memcmp(name, word, length) == 0)
            return i;
    }
    return -1;
}

static int add_word(struct arguments *arguments, const char *word, struct error *err)
{
    if (arguments->word_count == ARGUMENTS_WORDS_MAX)
        return error_set(err, ERROR_INVALID_PARAMETER, "too many words: '%s'", word);
    arguments->words[arguments->word_count++] = word;
    return 0;
}

static int add_option(struct arguments *arguments, int argc, char *const *argv, int *index,
                      struct error *err)
{
    const char *word = argv[*index];
    size_t length = strcspn(word, "=");
    int option = find_option(word, length);
    if (option < 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "unknown option '%.*s'", (int)length, word);
    const struct option_description *description = &option_descriptions[option];
    const char *value = word[length] == '=' ? word + length + 1 : NULL;
    if (!description->value && value)
        return error_set(err, ERROR_INVALID_PARAMETER, "%s takes no value", description->name);
    if (description->value && !value) {
        if (*index + 1 == argc)
            return error_set(err, ERROR_INVALID_PARAMETER, "%s needs a value", description->name);
        value = argv[++*index];
    }
    if (arguments->counts[option] == description->most)
        return error_set(err, ERROR_INVALID_PARAMETER, "%s is given more than %d times",
                         description->name, description->most);
    arguments->values[option][arguments->counts[option]++] = value;
    return 0;
}

int arguments_parse(int argc, char *const *argv, struct arguments *ret_arguments, struct error *err)
{
    *ret_arguments = (struct arguments){0};
    bool words_only = false;
    for (int i = 1; i < argc; i++) {
        int status = 0;
        if (!words_only && strcmp(argv[i], "--") == 0)
            words_only = true;
        else if (words_only || argv[i][0] != '-' || argv[i][1] == '\0')
            status = add_word(ret_arguments, argv[i], err);
        else
            status = add_option(ret_arguments, argc, argv, &i, err);
        if (status < 0)
            return -1;
    }
    return 0;
}

const char *arguments_value(const struct arguments *arguments, enum option option)
{
    int count = arguments->counts[option];
    return count > 0 ? arguments->values[option][count - 1] : NULL;
}

int arguments_number(const struct arguments *arguments, enum option option, int64_t least,
                     int64_t most, int64_t *number, struct error *err)
{
    const char *value = arguments_value(arguments, option);
    if (!value)
        return 0;
    if (text_parse_integer(text_of(value), number) < 0 || *number < least || *number > most)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "%s must be a whole number from %lld to %lld",
                         option_descriptions[option].name, (long long)least, (long long)most);
    return 0;
}

int arguments_check(const struct arguments *arguments, uint64_t allowed, uint64_t required,
                    struct error *err)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        bool given = arguments->counts[i] > 0;
        if (given && !(allowed & OPTION_BIT(i)))
            return error_set(err, ERROR_INVALID_PARAMETER, "%s does not belong to this command",
                             option_descriptions[i].name);
        if (!given && (required & OPTION_BIT(i)))
            return error_set(err, ERROR_INVALID_PARAMETER, "%s is missing",
                             option_descriptions[i].name);
    }
    return 0;
}
