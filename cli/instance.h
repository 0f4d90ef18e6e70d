/* What the instance commands share: the record they show, and the probe. */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include "lookup.h"

/* Reads the instance again and shows all that is known of it. */
int instance_show_record(struct cli *cli, const struct uuid *project, const char *word,
                         struct error *err);

/* Connects to the instance of a row of instance_find, and records what was found or why not.  Fails
 * where the probe failed, after it was recorded. */
int instance_run_probe(struct cli *cli, const struct pg_rows *rows, struct error *err);

#endif
