/* A socket for each message: they are rare but for the watchdog's. */
#include "ops/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/scope.h"
#include "base/text.h"

/* A path, or a name of the abstract namespace, which '@' stands before.  Returns its length, or 0
 * where there is none. */
static socklen_t find_socket(struct sockaddr_un *ret_address)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t length = name ? strlen(name) : 0;
    if (length < 2 || length >= sizeof(ret_address->sun_path) || (*name != '/' && *name != '@'))
        return 0;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, name, length);
    if (*name == '@')
        ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static void tell(const char *message)
{
    struct sockaddr_un address;
    socklen_t length = find_socket(&address);
    if (length == 0)
        return;
    SCOPED(scope_close) int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || sendto(descriptor, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
                                 (const struct sockaddr *)&address, length) < 0)
        LOG_DEBUG("notify_failed", LOG_TEXT("message", message));
}

void notify_ready(void)
{
    tell("READY=1");
}

void notify_reloading(void)
{
    char message[64];
    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)clock_monotonic_us());
    tell(message);
}

void notify_stopping(void)
{
    tell("STOPPING=1");
}

static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    int64_t number;
    return text && text_parse_integer(text_of(text), &number) == 0 ? number : 0;
}

void watchdog_init(struct watchdog *watchdog)
{
    enum { HALF_OF_US_IN_MS = 2000 };
    int64_t process = number_of("WATCHDOG_PID");
    *watchdog = (struct watchdog){0};
    if (process == 0 || process == getpid())
        watchdog->interval_ms = number_of("WATCHDOG_USEC") / HALF_OF_US_IN_MS;
}

void watchdog_tick(struct watchdog *watchdog)
{
    struct pulse_stuck stuck;
    int64_t now_ms = clock_monotonic_ms();
    if (watchdog->interval_ms <= 0 || now_ms < watchdog->due_ms)
        return;
    watchdog->due_ms = now_ms + watchdog->interval_ms;
    if (pulse_find_stuck(&stuck))
        LOG_ERROR("stuck", LOG_TEXT("thread", (const char *)stuck.name),
                  LOG_NUMBER("silent_ms", stuck.silent_ms));
    else
        tell("WATCHDOG=1");
}

int64_t watchdog_wait_ms(const struct watchdog *watchdog, int64_t most)
{
    int64_t left_ms = watchdog->due_ms - clock_monotonic_ms();
    if (watchdog->interval_ms <= 0 || left_ms >= most)
        return most;
    return left_ms > 0 ? left_ms : 0;
}
