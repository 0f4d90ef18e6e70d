#include "once.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t cancelled;

static void cancel(int number)
{
    (void)number;
    cancelled = 1;
}

void once_listen(void)
{
    signal(SIGTERM, cancel);
}

bool once_is_stopped(void *ignored)
{
    (void)ignored;
    return cancelled;
}

int once_read_analysis(struct scan_analysis_options *ret_options)
{
    const char *text = getenv("SCAN_ANALYSIS");
    struct error err = {0};
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    analysis_options_init(ret_options);
    int status = text && !object ? -1 : analysis_options_read(object, ret_options, &err);
    json_decref(object);
    return status;
}

void once_read_target(int64_t reply_timeout_ms, struct redis_target *target)
{
    target->outbound = outbound_new_anywhere();
    target->username = getenv("REDIS_USER");
    target->password = getenv("REDIS_PASSWORD");
    target->tls_ca = getenv("REDIS_CA");
    target->tls_certificate = getenv("REDIS_CERTIFICATE");
    target->tls_key = getenv("REDIS_KEY");
    target->tls = target->tls_ca != NULL;
    target->connect_timeout_ms = target->reply_timeout_ms = (int)reply_timeout_ms;
}

/* getrusage() would tell that of whoever started the program, where it had more. */
static int64_t peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    static const char name[] = "VmHWM:";
    char line[256];
    int64_t kib = 0;
    while (kib == 0 && file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoll(line + strlen(name), NULL, 10);
    }
    if (!file || fclose(file) != 0 || kib == 0)
        abort();
    return kib;
}

void once_write_end(struct json_writer *json, const struct error *failure, int64_t ms)
{
    json_writer_member_text(json, "status", failure ? "failed" : "success");
    json_writer_member_text(json, "code", failure ? error_describe(failure->code)->symbol : "");
    json_writer_member_text(json, "reason", failure ? failure->text : "");
    json_writer_member_number(json, "ms", ms);
    json_writer_member_number(json, "peak_kib", peak_kib());
}
