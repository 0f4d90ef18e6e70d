/* Who asks: what a proved credential stands for.  A plain value. */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include "auth/policy.h"
#include "base/uuid.h"

enum { IDENTITY_NAME_MAX = 64 };

struct identity {
    char name[IDENTITY_NAME_MAX + 1]; /* of an access key its id */
    struct uuid project;              /* empty where it belongs to none, as an operator's */
    struct policy policy;             /* what it may do, in its own project */
};

#endif
