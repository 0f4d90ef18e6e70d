/* Bits, and a binary search. */
#include "auth/policy.h"

#include <stdlib.h>
#include <string.h>

#include "auth/identity.h"

enum { WORD_BITS = 64 };

void policy_allow(struct policy *policy, size_t operation)
{
    policy->operations[operation / WORD_BITS] |= (uint64_t)1 << operation % WORD_BITS;
}

bool policy_allows(const struct policy *policy, size_t operation)
{
    return policy->operations[operation / WORD_BITS] >> operation % WORD_BITS & 1;
}

void policy_add_instance(struct policy *policy, const struct uuid *instance)
{
    int place = policy->instance_count;
    policy->is_limited = true;
    if (place == POLICY_INSTANCES_MAX)
        return;
    for (; place > 0 && strcmp(policy->instances[place - 1].text, instance->text) > 0; place--)
        policy->instances[place] = policy->instances[place - 1];
    policy->instances[place] = *instance;
    policy->instance_count++;
}

static int compare(const void *instance, const void *entry)
{
    return strcmp(instance, ((const struct uuid *)entry)->text);
}

static bool is_within(const struct policy *policy, const struct policy_request *request)
{
    if (!policy->is_limited)
        return true;
    if (!request->instance)
        return request->is_contained;
    return bsearch(request->instance, policy->instances, (size_t)policy->instance_count,
                   sizeof(policy->instances[0]), compare) != NULL;
}

int policy_check(const struct identity *identity, const struct policy_request *request,
                 struct error *err)
{
    const struct policy *policy = &identity->policy;
    if (!policy_allows(policy, request->operation))
        return error_set(err, ERROR_FORBIDDEN, "%s may not do that", identity->name);
    if (!request->for_operators && request->project[0] &&
        strcmp(identity->project.text, request->project) != 0)
        return error_set(err, ERROR_FORBIDDEN, "%s is of another project", identity->name);
    if (!is_within(policy, request))
        return error_set(err, ERROR_FORBIDDEN, "%s is for other instances", identity->name);
    return 0;
}
