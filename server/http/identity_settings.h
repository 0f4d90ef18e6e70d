/* What the settings say about the identity service: checked once at start, read-only afterwards.
 */
#ifndef SERVER_HTTP_IDENTITY_SETTINGS_H
#define SERVER_HTTP_IDENTITY_SETTINGS_H

#include "auth/token.h"
#include "base/config.h"
#include "base/password.h"

struct identity_settings {
    char *tokens_url; /* where a login is POSTed and a token validated */
    const char *ca;   /* file of certificates; null: the system's */
    const struct config *config;
    struct password *password; /* null: identity_password counts; main refreshes it */
    struct token_roles roles;
    bool has_logins; /* of the console */
    int64_t cache_ms;
    int64_t cache_entries;
};

/* Null where no identity service is set.  Fails with ERROR_CONFIG, whose text begins with the
 * setting's name.  config outlives the result, which is freed by identity_settings_free. */
int identity_settings_load(const struct config *config, struct identity_settings **ret_settings,
                           struct error *err);
/* The body of a login with that password, of which ret_password is a copy, or where there is no
 * password file with identity_password.  Both are the caller's to cleanse, the body to free. */
char *identity_settings_login(const struct identity_settings *settings, enum password_which which,
                              struct password_text *ret_password);
void identity_settings_free(struct identity_settings *settings);

#endif
