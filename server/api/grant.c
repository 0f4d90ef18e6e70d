/* A row's action says by its verb whether it changes anything: `dcs:instance:getBigKey`. */
#include "api/grant.h"

#include <string.h>

#include "model/instance_store.h"

static bool is_reading(const char *action)
{
    static const char *const verbs[] = {"list", "get", "show", "export", "compare"};
    const char *verb = strrchr(action, ':') + 1;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strncmp(verb, verbs[i], strlen(verbs[i])) == 0)
            return true;
    }
    return false;
}

static bool role_has(enum role role, const struct operation *operation)
{
    if (operation_is_login(operation))
        return false;
    switch (role) {
    case ROLE_FULL_ACCESS:
    case ROLE_USER_ACCESS:
        return !operation->for_operators;
    case ROLE_READ_ONLY_ACCESS:
        return !operation->for_operators && is_reading(operation->action);
    case ROLE_OPERATOR:
        return operation->for_operators;
    case ROLE_COUNT:
        break;
    }
    return false;
}

static bool is_about_oneself(const struct operation *operation)
{
    return strcmp(operation->action, ACTION_OWN_PROJECT) == 0;
}

static bool is_action_of(struct text action, const struct operation *operation)
{
    if (text_equals(action, TEXT(ACTION_ANALYZE)))
        return operation->kind && !operation->for_operators;
    return !operation_is_login(operation) && text_equals(action, text_of(operation->action));
}

void grant_role(struct policy *policy, enum role role)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (role_has(role, &operations[i]))
            policy_allow(policy, i);
    }
}

bool grant_knows_action(struct text action)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (is_action_of(action, &operations[i]))
            return true;
    }
    return false;
}

/* Cuts the first part off a list; false at its end. */
static bool next_part(struct text *list, struct text *ret_part)
{
    if (list->length == 0)
        return false;
    const char *comma = memchr(list->bytes, ',', list->length);
    size_t length = comma ? (size_t)(comma - list->bytes) : list->length;
    size_t step = comma ? length + 1 : length;
    *ret_part = (struct text){list->bytes, length};
    *list = (struct text){list->bytes + step, list->length - step};
    return true;
}

void grant_limit_actions(struct policy *policy, struct text actions)
{
    struct policy limited = *policy;
    struct text action;
    if (!actions.bytes)
        return;
    memset(limited.operations, 0, sizeof(limited.operations));
    for (size_t i = 0; i < operation_count; i++) {
        if (policy_allows(policy, i) && is_about_oneself(&operations[i]))
            policy_allow(&limited, i);
    }
    while (next_part(&actions, &action)) {
        for (size_t i = 0; i < operation_count; i++) {
            if (policy_allows(policy, i) && is_action_of(action, &operations[i]))
                policy_allow(&limited, i);
        }
    }
    *policy = limited;
}

void grant_limit_instances(struct policy *policy, struct text instances)
{
    struct text id;
    struct uuid instance;
    if (!instances.bytes)
        return;
    policy->is_limited = true;
    while (next_part(&instances, &id)) {
        if (uuid_parse(id, &instance) == 0)
            policy_add_instance(policy, &instance);
    }
}

struct policy_request grant_request(const struct operation *operation)
{
    return (struct policy_request){
        .operation = (size_t)(operation - operations),
        .for_operators = operation->for_operators,
        .project = "",
        /* A list's statement takes the policy's instances and leaves out all others. */
        .is_contained = operation->statement == &instance_list ||
                        operation->statement == &instance_overview || is_about_oneself(operation),
    };
}
