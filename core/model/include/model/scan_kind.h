/* A descriptor per kind of scan: everything that differs between kinds outside the scan itself. */
#ifndef MODEL_SCAN_KIND_H
#define MODEL_SCAN_KIND_H

#include <stdbool.h>

#include "base/error.h"

enum scan_kind_id {
    SCAN_KIND_BIGKEY,
    SCAN_KIND_HOTKEY,
    SCAN_KIND_EXPIRED,
    SCAN_KIND_ANALYSIS, /* of the whole keyspace; not of the DCS v2 API */
    SCAN_KIND_COUNT
};

struct scan_kind {
    enum scan_kind_id id;
    const char *name;             /* as stored in scan_task.kind and in instance.capabilities */
    enum error_code not_running;  /* the instance is not */
    enum error_code busy;         /* one is waiting or running already */
    enum error_code unsupported;  /* the instance cannot do it */
    enum error_code unknown_task; /* a task id that does not exist */
};

/* What a probe found out about a server, as far as it decides which kinds can run there. */
struct server_capability {
    int version; /* major * 10000 + minor * 100 + patch, of the Redis version it is compatible with
                  */
    bool lfu;    /* maxmemory-policy is allkeys-lfu or volatile-lfu */
    bool hotkeys_command; /* it has HOTKEYS, and the instance opted in */
};

extern const struct scan_kind scan_kinds[SCAN_KIND_COUNT];

/* Null where no kind has that name. */
const struct scan_kind *scan_kind_find(const char *name);

bool scan_kind_supported(enum scan_kind_id id, const struct server_capability *server);

#endif
