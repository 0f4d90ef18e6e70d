/* Which methods run a kind: a row each. */
#include "method.h"

enum { METHODS_MAX = 2 };

static const struct scan_method *const methods[SCAN_KIND_COUNT][METHODS_MAX + 1] = {
    [SCAN_KIND_BIGKEY] = {&scan_method_bigkey},
    [SCAN_KIND_HOTKEY] = {&scan_method_hotkey_command, &scan_method_hotkey},
    [SCAN_KIND_EXPIRED] = {&scan_method_expired},
    [SCAN_KIND_ANALYSIS] = {&scan_method_analysis},
};

const struct scan_method *const *scan_methods_of(enum scan_kind_id id)
{
    return methods[id];
}
