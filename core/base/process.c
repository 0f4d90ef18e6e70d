/* The limit on core files does not count where the system hands them to a program; that a process
 * is not dumpable does, and keeps debuggers out as well.
 */
#include "base/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int process_set_core_dumps(const char *setting, struct error *err)
{
    struct rlimit limit;
    if (strcmp(setting, "on") == 0)
        return 0;
    if (strcmp(setting, "off") != 0)
        return error_set(err, ERROR_CONFIG, "core_dumps: '%s' is neither on nor off", setting);
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_set(err, ERROR_CONFIG, "core_dumps: %s", strerror(errno));
    return 0;
}

void process_name(char ret_name[PROCESS_NAME_MAX + 1])
{
    char host[64] = "";
    gethostname(host, sizeof(host) - 1);
    snprintf(ret_name, PROCESS_NAME_MAX + 1, "%s:%ld", host, (long)getpid());
}
