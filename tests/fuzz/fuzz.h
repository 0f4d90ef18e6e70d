/* What a target has: any bytes, of which it makes a call and says what must hold.
 *
 * A target fails by an assertion or by a sanitizer and always returns 0.  Parts of the input that
 * go to a parser are copied to memory of their own, so that reading past one is seen. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Memory that ends with the bytes, and the same with a NUL after them; freed by free, never null.
 */
char *fuzz_copy(struct text text);
char *fuzz_terminated(struct text text);

/* Cuts what is before the first separator, or all, off the front of rest. */
struct text fuzz_cut(struct text *rest, char separator);

/* Whether it needs no encoding anywhere in a URL (RFC 3986, 2.3). */
bool fuzz_is_unreserved(char c);

/* Writes text with every byte but the unreserved ones as %HH, or really every one; room for three
 * times its length.  Returns the length. */
size_t fuzz_percent_encode(struct text text, bool every, char *ret_encoded);

#endif
