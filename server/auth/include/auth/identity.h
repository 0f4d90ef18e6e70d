/* Who asks: what a proved credential stands for.  A plain value. */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

#include <stdbool.h>

#include "base/uuid.h"

enum { IDENTITY_NAME_MAX = 64 };

struct identity {
    char name[IDENTITY_NAME_MAX + 1]; /* of an access key its id */
    bool is_operator;                 /* then it has no project */
    struct uuid project;
};

#endif
