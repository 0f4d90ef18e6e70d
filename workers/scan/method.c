/* Which method runs a kind: a row each. */
#include "method.h"

static const struct scan_method *const methods[SCAN_KIND_COUNT] = {
    [SCAN_KIND_BIGKEY] = &scan_method_bigkey,
    [SCAN_KIND_EXPIRED] = &scan_method_expired,
};

const struct scan_method *scan_method_of(enum scan_kind_id id)
{
    return methods[id];
}
