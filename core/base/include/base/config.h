/* Configuration: one table (config.def) for all programs, read once at start.
 *
 * Sources, the later one wins: the defaults, a file of `name = value` lines (`--config PATH` or
 * DCS_CONFIG), the environment (DCS_NAME), the command line (`--name=value` or `--name value`, with
 * '-' for '_').  Secrets are refused on the command line, where every user of the machine can read
 * them. An unknown name, in any of the three, is an error.  Read-only after loading; any thread. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdint.h>

#include "base/error.h"

enum { CONFIG_TEXT_MAX = 1023 };

struct config {
#define T(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define S(name, ...) char name[CONFIG_TEXT_MAX + 1];
#define N(name, ...) int64_t name;
#include "base/config.def"
#undef T
#undef S
#undef N
};

/* Reads all sources.  Where words_allowed, words of argv that are not settings are kept, in their
 * order, at its front, and *argc says how many are left (argv[0] included); otherwise such a word
 * is an error. environment is the process environment, ended by a null. */
int config_load(struct config *ret_config, int *argc, char **argv, char **environment,
                bool words_allowed, struct error *err);

/* The table, as `--help` shows it, on standard output. */
void config_print_help(void);

#endif
