/* A log-in as this API has it: `{user, domain, password, project}`, of one domain, for a token.
 *
 * Pure functions; any thread. */
#ifndef API_LOGIN_H
#define API_LOGIN_H

#include <jansson.h>

#include "api/reply.h"
#include "auth/login.h"

/* Reads the body's object, which the text belongs to: names of 1 to LOGIN_FIELD_MAX bytes, a
 * password of 1 to SECRET_PASSWORD_MAX.  Fails with ERROR_INVALID_PARAMETER. */
int login_read(const json_t *object, struct login *ret_login, struct error *err);

/* Makes it the reply.  Fails with ERROR_FORBIDDEN where the token opens no project here or has no
 * role here: no request by it would be allowed. */
int login_render(const struct login_answer *answer, struct api_reply *reply, struct error *err);

#endif
