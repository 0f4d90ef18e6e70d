/* Values of a checkpoint, read back.
 *
 * What is read was written by an earlier run, of this version or another, and kept by a database:
 * nothing of it is believed before it was checked.  What is wrong is no error but false, and the
 * work is done again. */
#ifndef INSIGHT_SAVED_VALUE_H
#define INSIGHT_SAVED_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

bool saved_integer(const json_t *object, const char *name, int64_t least, int64_t most,
                   int64_t *ret_value);
/* At most `longest` bytes and a NUL are written to ret_value. */
bool saved_text(const json_t *object, const char *name, size_t longest, char *ret_value);

/* The integer at that place of an array. */
bool saved_integer_at(const json_t *array, size_t place, int64_t least, int64_t most,
                      int64_t *ret_value);

/* Hex digits at that place of an array: at most `longest` bytes are written to ret_bytes. */
bool saved_bytes_at(const json_t *array, size_t place, size_t longest, char *ret_bytes,
                    size_t *ret_length);

#endif
