/* Where a database is, and by which password: what connections are made with. */
#ifndef PG_LOGIN_H
#define PG_LOGIN_H

#include "base/password.h"

struct pg_login {
    const char *uri; /* a connection string */
    /* In place of one in the string, and looked at for each new connection; null: there is none.
     * It outlives what connects by it. */
    struct password *password;
};

#endif
