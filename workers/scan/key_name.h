/* A key's name, any bytes, as the API shows it. */
#ifndef SCAN_KEY_NAME_H
#define SCAN_KEY_NAME_H

#include "base/json_writer.h"
#include "ranking.h"

/* Writes a JSON string: valid UTF-8 as it is; otherwise each byte that is not part of a valid
 * character as `\xHH` (lower-case digits) and each backslash as `\\`, so that the bytes can be had
 * back.  A name that is not kept whole ends in U+2026, `…`. */
void key_name_write(struct json_writer *writer, const struct ranked_key *key);

#endif
