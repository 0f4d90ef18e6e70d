/* The password of a scan: from a file, from a person, or from the environment; never from the
 * command line, where every user of the machine can read it. */
#ifndef CLI_SCAN_PASSWORD_H
#define CLI_SCAN_PASSWORD_H

#include "arguments.h"
#include "base/secret.h"

/* ret_password has room for SECRET_MAX + 1 bytes, is empty where there is none, and is cleansed by
 * the caller.  The environment's variable is redis-cli's, REDISCLI_AUTH.  Fails with
 * ERROR_INVALID_PARAMETER, ERROR_SECRET, or ERROR_SCAN_CANCELLED where a person would not say. */
int scan_password_get(const struct arguments *arguments, char *ret_password, struct error *err);

#endif
