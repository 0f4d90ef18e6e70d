/* Ctrl-C (SIGINT) and SIGTERM as a request to stop.  The second one ends the program at once, as if
 * nobody listened. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/* Listens from now on.  A blocking system call is cut off (EINTR). */
void interrupt_listen(void);

/* Whether one has come since.  Any thread. */
bool interrupt_has_come(void);

#endif
