/* Tokens of a Keystone v3 identity service: what one stands for, by what the service says about it.
 *
 * Pure functions; any thread.  Source of the protocol: OpenStack Identity API v3, "Authentication
 * and token management"; what is read of an answer is `token.expires_at`, `issued_at`, `user.id`,
 * `project.id`, `system.all` and `roles[].name`. */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/identity.h"
#include "auth/role.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

/* The longest token, in bytes; Keystone's own have some 200. */
enum { TOKEN_TEXT_MAX = 8192 };
enum { TOKEN_ROLES_MAX = 64, TOKEN_ROLE_NAME_MAX = 255 };

enum token_scope {
    TOKEN_SCOPE_NONE, /* of nothing that is served here: unscoped, or a domain's */
    TOKEN_SCOPE_PROJECT,
    TOKEN_SCOPE_SYSTEM
};

struct token {
    bool is_known; /* false: the service knows no such token, and the rest says nothing */
    enum token_scope scope;
    unsigned roles;                   /* a bit for each enum role */
    int64_t expires_at_ms;            /* Unix time */
    struct uuid project;              /* of TOKEN_SCOPE_PROJECT */
    char user[IDENTITY_NAME_MAX + 1]; /* its id; cut off where it is longer */
};

/* Which built-in roles a role of the identity service stands for. */
struct token_roles {
    int count;
    struct {
        char name[TOKEN_ROLE_NAME_MAX + 1];
        enum role role;
    } entries[TOKEN_ROLES_MAX];
};

/* `name=role,name=role`: a name may come several times and then has all of its roles; spaces around
 * the parts do not count.  Fails with ERROR_CONFIG, whose text names the part. */
int token_roles_parse(struct text text, struct token_roles *ret_roles, struct error *err);

/* Whether the text can be a token at all: visible ASCII, not empty, not too long. */
bool token_is_well_formed(struct text token);

/* Reads the body of a successful validation.  A role counts as operator in a system's token only,
 * and in that as nothing else: who manages one project is not to manage all.  Fails with
 * ERROR_UNAVAILABLE where the body is not such an answer. */
int token_read(struct text body, const struct token_roles *roles, struct token *ret_token,
               struct error *err);

/* From when to when a token is valid, out of the body of an authentication: milliseconds. */
int token_read_lifetime(struct text body, int64_t *ret_lifetime_ms, struct error *err);

/* Whether the body is Keystone's own refusal with that status: `{"error": {"code": ...}}`. */
bool token_is_refusal(struct text body, int status);

/* Whether the token is one now.  Fails with ERROR_INVALID_TOKEN and ERROR_TOKEN_EXPIRED. */
int token_check(const struct token *token, int64_t now_ms, struct error *err);

/* Whether the token is scoped to the project.  Fails with ERROR_TOKEN_PROJECT. */
int token_check_project(const struct token *token, const struct uuid *project, struct error *err);

#endif
