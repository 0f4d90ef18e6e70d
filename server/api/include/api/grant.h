/* What roles and policies mean, by the table of operations: they become bits of its rows.
 *
 * An operation that is added to the table is in the roles, and can be named in policies, by its
 * action alone.  Pure functions; any thread. */
#ifndef API_GRANT_H
#define API_GRANT_H

#include "api/operation.h"
#include "auth/policy.h"
#include "auth/role.h"

/* The older single action, an alias of all actions on analyses. */
#define ACTION_ANALYZE "dcs:instance:analyze"

/* Asking for one's own project, which every tenant's credential may, whatever its policy. */
#define ACTION_OWN_PROJECT "iam:projects:list"

/* Allows what the role may do, besides what the policy allows already. */
void grant_role(struct policy *policy, enum role role);

/* Whether an operation has the action, or it is the alias. */
bool grant_knows_action(struct text action);

/* Takes away what is not in the list (actions separated by commas; null bytes: nothing is taken
 * away).  An action that no operation has grants nothing. */
void grant_limit_actions(struct policy *policy, struct text actions);

/* Limits the policy to a list of instances (ids separated by commas; null bytes: all).  What is no
 * id is left out, and what is left out is not allowed. */
void grant_limit_instances(struct policy *policy, struct text instances);

/* What is checked of a request for the operation; its ids are filled in by the caller. */
struct policy_request grant_request(const struct operation *operation);

#endif
