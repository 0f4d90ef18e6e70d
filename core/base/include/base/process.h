/* A process: what it lets others see of its memory, which holds secrets, and its name. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/error.h"

/* Takes the setting core_dumps.  `off`: no core file is written, neither by the limit nor through a
 * pipe of the system's, and no other process of the same user may look into this one's memory,
 * environment or descriptors (prctl(2), PR_SET_DUMPABLE; only who has CAP_SYS_PTRACE may).  `on`
 * leaves all that as it was.  Called once, before threads start. */
int process_set_core_dumps(const char *setting, struct error *err);

enum { PROCESS_NAME_MAX = 95 };

/* `host:pid`, by which processes can be told apart. */
void process_name(char ret_name[PROCESS_NAME_MAX + 1]);

#endif
