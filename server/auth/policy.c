/* A tenant's identity opens its own project, an operator's the administration interface. */
#include "auth/policy.h"

#include <string.h>

int policy_check(const struct identity *identity, const struct policy_request *request,
                 struct error *err)
{
    if (request->for_operators != identity->is_operator)
        return error_set(err, ERROR_FORBIDDEN, "%s is of another role", identity->name);
    if (!identity->is_operator && strcmp(identity->project.text, request->project) != 0)
        return error_set(err, ERROR_FORBIDDEN, "%s is of another project", identity->name);
    return 0;
}
