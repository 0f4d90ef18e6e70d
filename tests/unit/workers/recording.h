/* What real servers answered (tests/fixtures/servers). */
#ifndef TESTS_RECORDING_H
#define TESTS_RECORDING_H

#include "base/text.h"

enum { RECORDING_MAX = 64 << 10, RECORDING_INFO_MAX = 64 << 10, RECORDING_NAME_MAX = 63 };

/* The servers that were recorded, one by one (`redis-7.0`); each has a `-cluster` as well. */
extern const char *const recording_servers[];
extern const size_t recording_server_count;

/* The raw answer of a server (`redis-7.0-cluster`) to a command, the first where it was asked more
 * than once; a command that was not asked fails the test.  Terminated. */
struct text recording_answer(const char *server, const char *command,
                             char ret_bytes[RECORDING_MAX]);

/* The last answer where it was asked more than once, as after a CONFIG SET. */
struct text recording_last_answer(const char *server, const char *command,
                                  char ret_bytes[RECORDING_MAX]);

/* The sections of INFO one after the other, as INFO alone answers. */
struct text recording_info(const char *server, char ret_info[RECORDING_INFO_MAX]);

#endif
