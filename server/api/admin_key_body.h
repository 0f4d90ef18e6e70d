/* What a body says of an access key: its role, its policy, its end. */
#ifndef API_ADMIN_KEY_BODY_H
#define API_ADMIN_KEY_BODY_H

#include "api/operation.h"
#include "base/clock.h"

enum { KEY_POLICY_ENTRIES_MAX = POLICY_INSTANCES_MAX };

struct key_policy_body {
    bool is_given;         /* null is given: it takes a policy away */
    const char *actions;   /* separated by commas; null: all */
    const char *instances; /* the same */
};

struct key_ending_body {
    bool is_given;
    int64_t seconds; /* from now; 0 where the moment is given */
    char moment[CLOCK_ISO_LENGTH + 1];
};

/* `role`, by its name; null where it is left out. */
int read_key_role(const json_t *object, const char **ret_role, struct error *err);

/* `policy`: {actions, instances}, either may be left out; 1 to KEY_POLICY_ENTRIES_MAX entries each.
 * An action that no operation has is refused by its name.  What is read belongs to the request. */
int read_key_policy(struct api_request *request, struct key_policy_body *ret_policy,
                    struct error *err);

/* `expires_in` or `expires_at`, not both. */
int read_key_ending(const json_t *object, struct key_ending_body *ret_ending, struct error *err);

#endif
