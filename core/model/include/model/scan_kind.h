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
    SCAN_KIND_OFFLINE,  /* the same of one node, from what it sends a replica, or from a backup */
    SCAN_KIND_COUNT
};

/* The kinds whose result is the document of an analysis: in SQL, and as a parameter of statements.
 */
#define SCAN_KINDS_OF_ANALYSES_SQL "('analysis', 'offline')"
#define SCAN_KINDS_OF_ANALYSES "analysis,offline"

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

/* All names, separated by commas. */
enum { SCAN_KIND_NAMES_MAX = 127 };
void scan_kind_write_names(char ret_names[SCAN_KIND_NAMES_MAX + 1]);

/* Whether its result is the document of an analysis. */
bool scan_kind_is_analysis(const struct scan_kind *kind);

bool scan_kind_supported(enum scan_kind_id id, const struct server_capability *server);

#endif
