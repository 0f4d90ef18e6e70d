/* The kinds, and which servers can do them. */
#include "model/scan_kind.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_SCAN = 20800, VERSION_LFU = 40000, VERSION_EXPIRED = 40000 };

const struct scan_kind scan_kinds[SCAN_KIND_COUNT] = {
    [SCAN_KIND_BIGKEY] = {SCAN_KIND_BIGKEY, "bigkey", ERROR_INSTANCE_NOT_RUNNING,
                          ERROR_BIGKEY_RUNNING, ERROR_BIGKEY_UNSUPPORTED,
                          ERROR_UNKNOWN_BIGKEY_TASK},
    [SCAN_KIND_HOTKEY] = {SCAN_KIND_HOTKEY, "hotkey", ERROR_INSTANCE_NOT_RUNNING,
                          ERROR_TASK_STILL_RUNNING, ERROR_HOTKEY_UNSUPPORTED,
                          ERROR_UNKNOWN_HOTKEY_TASK},
    [SCAN_KIND_EXPIRED] = {SCAN_KIND_EXPIRED, "expired", ERROR_INSTANCE_NOT_RUNNING,
                           ERROR_TASK_STILL_RUNNING, ERROR_EXPIRED_UNSUPPORTED,
                           ERROR_INVALID_TASK_ID},
    [SCAN_KIND_ANALYSIS] = {SCAN_KIND_ANALYSIS, "analysis", ERROR_ANALYSIS_NOT_RUNNING,
                            ERROR_ANALYSIS_RUNNING, ERROR_ANALYSIS_UNSUPPORTED,
                            ERROR_UNKNOWN_ANALYSIS},
    /* The DCS v2 API has no code of its own for an instance that cannot be analysed offline; a
     * client that reads this one tries again, as after an upgrade the next probe may allow it. */
    [SCAN_KIND_OFFLINE] = {SCAN_KIND_OFFLINE, "offline", ERROR_INSTANCE_NOT_RUNNING,
                           ERROR_OFFLINE_RUNNING, ERROR_INSTANCE_STATE, ERROR_UNKNOWN_OFFLINE_TASK},
};

const struct scan_kind *scan_kind_find(const char *name)
{
    for (int i = 0; i < SCAN_KIND_COUNT; i++) {
        if (strcmp(scan_kinds[i].name, name) == 0)
            return &scan_kinds[i];
    }
    return NULL;
}

void scan_kind_write_names(char ret_names[SCAN_KIND_NAMES_MAX + 1])
{
    size_t length = 0;
    for (int i = 0; i < SCAN_KIND_COUNT; i++)
        length += (size_t)snprintf(ret_names + length, SCAN_KIND_NAMES_MAX + 1 - length, "%s%s",
                                   i > 0 ? "," : "", scan_kinds[i].name);
    assert(length <= SCAN_KIND_NAMES_MAX);
}

bool scan_kind_is_analysis(const struct scan_kind *kind)
{
    return kind->id == SCAN_KIND_ANALYSIS || kind->id == SCAN_KIND_OFFLINE;
}

bool scan_kind_supported(enum scan_kind_id id, const struct server_capability *server)
{
    switch (id) {
    case SCAN_KIND_BIGKEY:
    case SCAN_KIND_ANALYSIS:
    case SCAN_KIND_OFFLINE: /* PSYNC is of the same release as SCAN */
        return server->version >= VERSION_SCAN;
    case SCAN_KIND_HOTKEY:
        return (server->version >= VERSION_LFU && server->lfu) || server->hotkeys_command;
    case SCAN_KIND_EXPIRED:
        return server->version >= VERSION_EXPIRED;
    case SCAN_KIND_COUNT:
        break;
    }
    return false;
}
