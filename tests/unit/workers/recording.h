/* What real servers answered (tests/fixtures/servers). */
#ifndef TESTS_RECORDING_H
#define TESTS_RECORDING_H

#include "base/text.h"

enum { RECORDING_MAX = 64 << 10 };

/* The raw answer of a server (`redis-7.0-cluster`) to a command, the first where it was asked more
 * than once; a command that was not asked fails the test.  Terminated. */
struct text recording_answer(const char *server, const char *command,
                             char ret_bytes[RECORDING_MAX]);

#endif
