/* What an identity may do.  Pure functions; any thread. */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "auth/identity.h"
#include "base/error.h"

struct policy_request {
    const char *action;
    bool for_operators;  /* an operation of the administration interface */
    const char *project; /* of the path; empty where it has none */
};

/* Fails with ERROR_FORBIDDEN. */
int policy_check(const struct identity *identity, const struct policy_request *request,
                 struct error *err);

#endif
