/* A server as a URL names it: redis://[user[:password]@]host[:port][/database], rediss:// with TLS
 * (as redis-cli and most clients take them).  Plain values; any thread.
 *
 * Taken strictly: what is not exactly that is refused, and the refusal names the part that is wrong
 * and quotes nothing of it, since a mistake is easily made within the password. */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include "base/endpoint.h"
#include "base/error.h"

enum {
    REDIS_URL_MAX = 8192, /* bytes of the whole text */
    REDIS_URL_USERNAME_MAX = 255,
    REDIS_URL_PASSWORD_MAX = 1024,
    REDIS_URL_DATABASE_MAX = 65535,
    REDIS_URL_DEFAULT_PORT = 6379
};

struct redis_url {
    struct endpoint endpoint; /* an IPv6 address without its brackets */
    bool tls;
    bool has_database;
    int database;
    char username[REDIS_URL_USERNAME_MAX + 1]; /* decoded; empty: none */
    char password[REDIS_URL_PASSWORD_MAX + 1]; /* decoded; empty: none */
};

/* Fails with ERROR_INVALID_PARAMETER, and then holds no password.  After a success the caller
 * cleanses it. */
int redis_url_parse(struct text text, struct redis_url *ret_url, struct error *err);

/* Overwrites all of it. */
void redis_url_cleanse(struct redis_url *url);

#endif
