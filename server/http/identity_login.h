/* Log-ins of others at the identity service, by a loop.
 *
 * They have connections, a bound and a circuit breaker of their own: who floods them, or makes the
 * service fail by what he sends, keeps no token from being validated.  Only a service that does not
 * answer opens the breaker.  Loop's thread only. */
#ifndef SERVER_HTTP_IDENTITY_LOGIN_H
#define SERVER_HTTP_IDENTITY_LOGIN_H

#include "auth/login.h"
#include "identity_settings.h"
#include "loop.h"

enum {
    IDENTITY_LOGINS_MAX = 16, /* in flight; more are told that the service is away */
    IDENTITY_LOGIN_TIMEOUT_MS = 5000,
};

struct identity_logins;

/* answer is null where there is none, and err then says why: ERROR_LOGIN_REFUSED or
 * ERROR_UNAVAILABLE.  Valid for the call only. */
typedef void identity_login_fn(void *argument, const struct login_answer *answer,
                               const struct error *err);

/* settings outlive it. */
struct identity_logins *identity_logins_new(struct loop *loop,
                                            const struct identity_settings *settings);
/* Fails what is waited for. */
void identity_logins_free(struct identity_logins *logins);

/* Logs in; done is called later, exactly once.  Keeps nothing of login but a body that is cleansed
 * then.  Fails at once with ERROR_UNAVAILABLE. */
int identity_log_in(struct identity_logins *logins, const struct login *login,
                    identity_login_fn *done, void *argument, struct error *err);

/* A few times a second: time-outs. */
void identity_logins_tick(struct identity_logins *logins);

#endif
