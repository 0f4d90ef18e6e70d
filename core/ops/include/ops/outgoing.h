/* What requests have in common that the programs make themselves, by libcurl.
 *
 * A server's certificate must verify, and be for the host of the URL; redirections are not
 * followed, and neither proxies nor .netrc of the environment count. */
#ifndef OPS_OUTGOING_H
#define OPS_OUTGOING_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/error.h"

/* Bounds of an answer's head, and of the time that a connection takes to make, TLS and the name's
 * resolution included. */
enum { OUTGOING_HEAD_MAX = 64 * 1024, OUTGOING_CONNECT_MS = 2000 };

/* Whether it is http:// or https:// and has neither user, query nor fragment; *ret_is_plain where
 * it is the former.  Fails with ERROR_CONFIG, whose text names the setting. */
int outgoing_check_url(const char *setting, const char *text, bool *ret_is_plain,
                       struct error *err);
/* Whether the file has certificates. */
int outgoing_check_ca(const char *setting, const char *path, struct error *err);

/* The URL of a path, which begins with '/', under another one; freed by the caller. */
char *outgoing_join(const char *base, const char *path);

/* ca is a file that outlives the handle; null is the system's. */
void outgoing_set_security(CURL *easy, const char *ca);

#endif
