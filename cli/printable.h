/* Text that a terminal may show: what a tenant's key is called must not move the cursor or turn
 * lines. */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include <stddef.h>

#include "base/text.h"

/* A copy, freed by the caller, where bytes that are not UTF-8 and control characters (C0, DEL, C1,
 * and those that turn the direction or end a line) are written `\xHH`, a group for each byte.  Past
 * `most` characters it is cut and ends in an ellipsis.  ret_width is its length in characters. */
char *printable_copy(struct text text, size_t most, size_t *ret_width);

#endif
