/* A named SQL statement and the parameters of one execution.
 *
 * Statements are constants; a connection prepares each under its name once.  Parameters and results
 * are text.  Column positions are part of the statement's contract, given as an enum beside it.
 *
 * One that only reads may be run again where it was cut off, and shares its transaction with others
 * that are sent with it (pipeline.h).  It locks and notifies nothing. */
#ifndef PG_STATEMENT_H
#define PG_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { PG_PARAMETERS_MAX = 24, PG_PARAMETER_STORAGE = 1024 };

enum pg_effect { PG_WRITES, PG_READS };

struct pg_statement {
    const char *name;
    const char *sql;
    int parameter_count;
    enum pg_effect effect;
};

/* The values of one execution, in the order they were added.  Owned by the caller; small values are
 * copied into it, so the object must not be moved once a value is there. */
struct pg_parameters {
    int count;
    size_t used;
    const char *values[PG_PARAMETERS_MAX];
    char storage[PG_PARAMETER_STORAGE];
};

void pg_parameters_init(struct pg_parameters *parameters);
/* Points to text that outlives the execution's start; null is SQL NULL. */
void pg_parameters_add_reference(struct pg_parameters *parameters, const char *terminated);
void pg_parameters_add_integer(struct pg_parameters *parameters, int64_t number);
void pg_parameters_add_boolean(struct pg_parameters *parameters, int value);
/* Copies; the sum of what is copied is bounded by PG_PARAMETER_STORAGE, past it the program aborts.
 */
void pg_parameters_add_text(struct pg_parameters *parameters, struct text text);
/* A bytea of at most 256 bytes; null bytes are SQL NULL. */
void pg_parameters_add_bytes(struct pg_parameters *parameters, const unsigned char *bytes,
                             size_t length);

#endif
