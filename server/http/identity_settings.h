/* What the settings say about the identity service: checked once at start, read-only afterwards.
 */
#ifndef SERVER_HTTP_IDENTITY_SETTINGS_H
#define SERVER_HTTP_IDENTITY_SETTINGS_H

#include "auth/token.h"
#include "base/config.h"

struct identity_settings {
    char *tokens_url; /* where a login is POSTed and a token validated */
    const char *ca;   /* file of certificates; null: the system's */
    char *login;      /* the body of a login, with the password */
    struct token_roles roles;
    int64_t cache_ms;
    int64_t cache_entries;
};

/* Null where no identity service is set.  Fails with ERROR_CONFIG, whose text begins with the
 * setting's name.  config outlives the result, which is freed by identity_settings_free. */
int identity_settings_load(const struct config *config, struct identity_settings **ret_settings,
                           struct error *err);
void identity_settings_free(struct identity_settings *settings);

#endif
