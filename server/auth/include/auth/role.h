/* The built-in roles.  What each may do stands in api/grant.h, by the table of operations. */
#ifndef AUTH_ROLE_H
#define AUTH_ROLE_H

#include "base/text.h"

enum role {
    ROLE_FULL_ACCESS,      /* `DCS FullAccess`: all operations of a project */
    ROLE_USER_ACCESS,      /* `DCS UserAccess`: the same */
    ROLE_READ_ONLY_ACCESS, /* `DCS ReadOnlyAccess`: those that list, get and show */
    ROLE_OPERATOR, /* `operator`: the administration interface, and no project's operations */
    ROLE_COUNT
};

const char *role_name(enum role role);
/* Letter by letter.  Returns -1 for a name that no role has. */
int role_parse(struct text name, enum role *ret_role);

#endif
