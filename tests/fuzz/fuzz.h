/* What a target has: one function that libFuzzer or the regression's own main calls, and that
 * aborts where something does not hold. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The bytes end where their memory does, so that reading on is seen.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
