/* Names of the built-in roles. */
#include "auth/role.h"

static const char *const names[ROLE_COUNT] = {
    [ROLE_FULL_ACCESS] = "DCS FullAccess",
    [ROLE_USER_ACCESS] = "DCS UserAccess",
    [ROLE_READ_ONLY_ACCESS] = "DCS ReadOnlyAccess",
    [ROLE_OPERATOR] = "operator",
};

const char *role_name(enum role role)
{
    return names[role];
}

int role_parse(struct text name, enum role *ret_role)
{
    for (int i = 0; i < ROLE_COUNT; i++) {
        if (text_equals(name, text_of(names[i]))) {
            *ret_role = (enum role)i;
            return 0;
        }
    }
    return -1;
}
