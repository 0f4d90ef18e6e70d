/* Configuration: one table (config.def) for all programs, read once at start.
 *
 * Sources, the later one wins: the defaults, a file of `name = value` lines (`--config PATH` or
 * DCS_CONFIG), the environment (DCS_NAME), the command line (`--name=value` or `--name value`, with
 * '-' for '_').  Secrets are refused on the command line, where every user of the machine can read
 * them. An unknown name, in any of the three, is an error.  Read-only after loading; any thread.
 * What config_reload changes is read by the thread that calls it, and by no other. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdint.h>

#include "base/error.h"

enum { CONFIG_TEXT_MAX = 1023 };

/* A number for each row, in the table's order. */
enum config_setting {
#define T(name, ...) CONFIG_##name,
#define S(name, ...) CONFIG_##name,
#define W(name, ...) CONFIG_##name,
#define P(name, ...) CONFIG_##name,
#define N(name, ...) CONFIG_##name,
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
    CONFIG_SETTING_COUNT
};

enum config_source {
    CONFIG_FROM_DEFAULT,
    CONFIG_FROM_FILE,
    CONFIG_FROM_ENVIRONMENT,
    CONFIG_FROM_COMMAND_LINE,
    CONFIG_SOURCE_COUNT
};

struct config {
#define T(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define S(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define W(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define P(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define N(name, ...) int64_t name;
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
    enum config_source sources[CONFIG_SETTING_COUNT]; /* where each value came from */
};

/* Reads all sources.  Where words_allowed, words of argv that are not settings are kept, in their
 * order, at its front, and *argc says how many are left (argv[0] included); otherwise such a word
 * is an error. environment is the process environment, ended by a null. */
int config_load(struct config *ret_config, int *argc, char **argv, char **environment,
                bool words_allowed, struct error *err);

/* What a program is asked for instead of its work. */
enum config_mode { CONFIG_MODE_RUN, CONFIG_MODE_CHECK, CONFIG_MODE_PRINT };

/* Takes `--check-config` or `--print-config` out of the words; the last one counts. */
enum config_mode config_take_mode(int *argc, char **argv);

/* Reads the sources that were given to config_load again, and takes over what may change while the
 * program runs (config.def): log_level, which also counts for the log from then on.  What else is
 * different is named in the log and stays.  Where the sources cannot be read, all stays. */
void config_reload(struct config *config, int argc, char **argv, char **environment);

/* The table, as `--help` shows it, on standard output. */
void config_print_help(void);

/* What counts, on standard output: a file of settings, by where they came from.  Of a secret it
 * only says whether it is set. */
void config_print(const struct config *config);

#endif
