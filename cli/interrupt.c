/* The handler only takes note. */
#include "interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool has_come;

static void take_note(int number)
{
    (void)number;
    atomic_store(&has_come, true);
}

void interrupt_listen(void)
{
    struct sigaction action = {.sa_flags = (int)SA_RESETHAND};
    action.sa_handler = take_note;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupt_has_come(void)
{
    return atomic_load(&has_come);
}
