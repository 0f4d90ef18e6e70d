/* In short steps: a signal that comes just before a wait would not end that one. */
#include "watcher.h"

#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "interrupt.h"

enum { STEP_MS = 50, INTERVAL_MAX_SECONDS = 3600, STATEMENT_TIMEOUT_MS = 3000 };

void watcher_init(struct cli *watcher, const struct cli *cli)
{
    *watcher = *cli;
    watcher->session = pg_session_new(&cli->database, "dcsctl watch", STATEMENT_TIMEOUT_MS);
}

void watcher_release(struct cli *watcher)
{
    pg_session_free(watcher->session);
}

int interval_option(const struct arguments *arguments, int64_t default_seconds, int64_t *ret_ms,
                    struct error *err)
{
    const char *interval = arguments_value(arguments, OPTION_INTERVAL);
    int64_t seconds = default_seconds;
    if (interval && (text_parse_integer(text_of(interval), &seconds) < 0 || seconds < 1 ||
                     seconds > INTERVAL_MAX_SECONDS))
        return error_set(err, ERROR_INVALID_PARAMETER, "--interval is a number from 1 to %d",
                         INTERVAL_MAX_SECONDS);
    *ret_ms = seconds * 1000;
    return 0;
}

bool watcher_rest(int64_t ms)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    const int64_t until = clock_monotonic_ms() + ms;
    while (!interrupt_has_come() && clock_monotonic_ms() < until)
        nanosleep(&step, NULL);
    return !interrupt_has_come();
}

bool watcher_goes_on(const struct error *err)
{
    return err->code == ERROR_DATABASE_CONNECTION || err->code == ERROR_DATABASE_CONFLICT ||
           err->code == ERROR_DATABASE_LOCKED;
}
