/* What a program tells systemd, by the protocol of sd_notify(3): lines of NAME=value in a datagram
 * to the socket that NOTIFY_SOCKET names.  Where it names none, nothing is told.  What cannot be
 * sent is not sent again: systemd's own time-outs say so then.  Any thread.
 *
 * It is a few lines, and its documentation says to write them rather than to link for them. */
#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void); /* notify_ready follows */
void notify_stopping(void);

/* The watchdog that WATCHDOG_USEC asks for; of one thread, which thereby says that it goes on too.
 */
struct watchdog {
    int64_t interval_ms; /* half of what is asked for; 0: none is */
    int64_t due_ms;
};

void watchdog_init(struct watchdog *watchdog);
/* Tells it that all is well, where that is due and no pulse is stuck (base/pulse.h). */
void watchdog_tick(struct watchdog *watchdog);
/* How long the thread may wait until the next tick: most, or less. */
int64_t watchdog_wait_ms(const struct watchdog *watchdog, int64_t most);

#endif
