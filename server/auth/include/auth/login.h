/* Log-ins by password at a Keystone v3 identity service: what it is sent, and what it answers.
 *
 * Pure functions; any thread.  Source of the protocol: OpenStack Identity API v3, "Password
 * authentication with scoped authorization" and "Multi-Factor authentication": 201 describes the
 * token, which is the header X-Subject-Token; 401 says for every reason that there is none. */
#ifndef AUTH_LOGIN_H
#define AUTH_LOGIN_H

#include "auth/token.h"

/* The longest name of a user, a domain or a project, in bytes. */
enum { LOGIN_FIELD_MAX = 255 };

/* Who logs in, and to what; a plain value that points to what belongs to others. */
struct login {
    struct text user, user_domain;
    struct text password;
    struct text project, project_domain; /* without a project: to the system */
};

/* What a log-in brought. */
struct login_answer {
    struct token token;
    char project_name[LOGIN_FIELD_MAX + 1]; /* empty where it is not told, or is longer */
    struct text text;                       /* the token itself; well-formed */
};

/* The body of the request, which the caller cleanses and frees. */
char *login_write(const struct login *login);

/* Reads the answer 201; header is its X-Subject-Token, which ret_answer points to.  Fails with
 * ERROR_UNAVAILABLE where it is not such an answer. */
int login_read_answer(struct text body, struct text header, const struct token_roles *roles,
                      struct login_answer *ret_answer, struct error *err);

/* Whether the service itself says with that status that it takes these names and this password
 * together not, or not alone, as where an account needs a second factor. */
bool login_is_refusal(struct text body, int status);

#endif
