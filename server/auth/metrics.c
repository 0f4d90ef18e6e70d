/* Descriptions, a row each. */
#include "auth/metrics.h"

#define COUNT_OF(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char *const lookups[] = {[AUTH_LOOKUP_HIT] = "hit", [AUTH_LOOKUP_MISS] = "miss"};

struct metric auth_metric_access_keys = {
    .name = "dcs_access_key_lookups_total",
    .help = "Look-ups of access keys in the caches of the event loops.",
    .labels = {{"result", lookups, COUNT_OF(lookups)}}};
struct metric auth_metric_tokens = {.name = "dcs_token_lookups_total",
                                    .help = "Look-ups of tokens in the caches of the event loops.",
                                    .labels = {{"result", lookups, COUNT_OF(lookups)}}};

struct metric *const auth_metrics[] = {&auth_metric_access_keys, &auth_metric_tokens};
const int auth_metric_count = COUNT_OF(auth_metrics);
