/* What an identity may do, compiled: a bit for each row of the table of operations, and the
 * instances that it is for.
 *
 * Made where a credential is read (api/grant.h), so that a request costs the test of a bit and,
 * where the policy names instances, a search among few.  One that is zeroed allows nothing.  A
 * plain value; pure functions; any thread. */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

enum { POLICY_OPERATIONS_MAX = 128, POLICY_INSTANCES_MAX = 64 };

struct policy {
    uint64_t operations[POLICY_OPERATIONS_MAX / 64];
    bool is_limited; /* to the instances below, of which there may be none */
    int instance_count;
    struct uuid instances[POLICY_INSTANCES_MAX]; /* ascending */
};

void policy_allow(struct policy *policy, size_t operation);
bool policy_allows(const struct policy *policy, size_t operation);

/* Limits the policy to what it is limited to already, if it is, and one instance more.  Past
 * POLICY_INSTANCES_MAX an instance is left out. */
void policy_add_instance(struct policy *policy, const struct uuid *instance);

struct identity;

struct policy_request {
    size_t operation;     /* its row */
    bool for_operators;   /* an operation of the administration interface */
    const char *project;  /* of the path; empty where it has none */
    const char *instance; /* of the path; null where it has none */
    bool is_contained;    /* without an instance in its path it still keeps to the policy's own */
};

/* Fails with ERROR_FORBIDDEN.  Looks at nothing but the request and the identity, so that what is
 * refused is refused in the same way whether it exists or not. */
int policy_check(const struct identity *identity, const struct policy_request *request,
                 struct error *err);

#endif
