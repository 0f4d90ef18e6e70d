/* Read when they are asked for; a directory of some thousand descriptors takes a millisecond. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret_file.h"

enum { US_PER_SECOND = 1000000 };

static int64_t started_ms;

static int64_t read_start(void)
{
    return started_ms;
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * US_PER_SECOND + time.tv_usec;
}

static int64_t read_cpu(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

/* The second number of that file is what is resident, in pages (proc(5)). */
static int64_t read_memory(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    const char *read = fgets(line, sizeof(line), file);
    fclose(file);
    const char *resident = read ? strchr(line, ' ') : NULL;
    return resident ? strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

/* Without the two entries that every directory has, and the one that this takes. */
static int64_t read_descriptors(void)
{
    int64_t count = -3;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int64_t read_descriptors_most(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

static const char *programs[1], *const versions[] = {DCS_VERSION};

static struct metric build = {.name = "dcs_build_info",
                              .help = "The program and its release; always 1.",
                              .type = METRIC_GAUGE,
                              .labels = {{"program", programs, 1}, {"version", versions, 1}}};
struct metric ops_metric_ready = {
    .name = "dcs_ready", .help = "Whether /readyz says that it is ready.", .type = METRIC_GAUGE};
static struct metric start = {.name = "process_start_time_seconds",
                              .help = "When the process started, in seconds since 1970.",
                              .type = METRIC_GAUGE,
                              .per_unit = 1000,
                              .read = read_start};
static struct metric cpu = {.name = "process_cpu_seconds_total",
                            .help = "Time of processors that it used, of user and system.",
                            .per_unit = US_PER_SECOND,
                            .read = read_cpu};
static struct metric memory = {.name = "process_resident_memory_bytes",
                               .help = "Its memory that is resident.",
                               .type = METRIC_GAUGE,
                               .read = read_memory};
static struct metric descriptors = {.name = "process_open_fds",
                                    .help = "Its open file descriptors.",
                                    .type = METRIC_GAUGE,
                                    .read = read_descriptors};
static struct metric descriptors_most = {.name = "process_max_fds",
                                         .help = "The most file descriptors that it may have.",
                                         .type = METRIC_GAUGE,
                                         .read = read_descriptors_most};

void ops_process_register(const char *program)
{
    static struct metric *const metrics[] = {&build,  &ops_metric_ready, &start,           &cpu,
                                             &memory, &descriptors,      &descriptors_most};
    programs[0] = program;
    started_ms = clock_unix_ms();
    metrics_register(metrics, sizeof(metrics) / sizeof(metrics[0]));
    metrics_register(secret_file_metrics, SECRET_FILE_METRICS);
    metric_set(&build, 0, 0, 1);
}
