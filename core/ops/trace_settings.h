/* What the settings trace_... say. */
#ifndef OPS_TRACE_SETTINGS_H
#define OPS_TRACE_SETTINGS_H

#include "base/config.h"
#include "base/json_writer.h"
#include "base/trace.h"

enum {
    TRACE_RESOURCE_MAX = 16, /* attributes of the resource */
    TRACE_HEADERS_MAX = 8,
    TRACE_HEADERS_BYTES = 8192 /* of the file of headers */
};

struct trace_attribute {
    char *name, *value;
};

struct trace_settings {
    char *url;                /* of OTLP's traces */
    const char *ca;           /* null: the system's */
    const char *headers_file; /* null: there are none */
    int64_t interval_ms, timeout_ms;
    struct trace_ratio ratio;
    int resource_count;
    struct trace_attribute resource[TRACE_RESOURCE_MAX];
};

/* Null where trace_endpoint is empty.  config outlives what is made of it.  instance is the value
 * of service.instance.id.  Fails with ERROR_CONFIG; a file of headers that cannot be used is a
 * failure here. */
int trace_settings_load(const struct config *config, const char *program, const char *instance,
                        struct trace_settings **ret_settings, struct error *err);
void trace_settings_free(struct trace_settings *settings);

/* Lines `Name: value` of a file that others cannot read; what they hold is secret.  Zeroed before,
 * and cleansed by trace_headers_release, also after a failure. */
struct trace_headers {
    int count;
    const char *lines[TRACE_HEADERS_MAX];
    char content[TRACE_HEADERS_BYTES + 1];
};

/* Fails with ERROR_CONFIG or ERROR_SECRET, whose text has the number of a line and never what is in
 * it. */
int trace_headers_read(const char *path, struct trace_headers *headers, struct error *err);
void trace_headers_release(struct trace_headers *headers);

#endif
