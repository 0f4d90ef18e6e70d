/* Where a server listens: a host and a port, and their one written form.  Plain values; any thread.
 */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include "base/text.h"

/* A DNS name has at most 253 characters (RFC 1035); an IPv6 address with its zone is shorter. */
enum { ENDPOINT_HOST_MAX = 255, ENDPOINT_TEXT_MAX = ENDPOINT_HOST_MAX + sizeof("[]:65535") - 1 };

struct endpoint {
    char host[ENDPOINT_HOST_MAX + 1]; /* a name or an address, without brackets */
    int port;
};

/* `host:port`, `1.2.3.4:port` or `[v6]:port`, port 1 to 65535 without leading zeros; nothing else.
 * Returns -1 on any other text. */
int endpoint_parse(struct text text, struct endpoint *ret_endpoint);

/* Checks a host and a port that come separately; brackets around the host are not taken. */
int endpoint_init(struct text host, int64_t port, struct endpoint *ret_endpoint);

/* The form that endpoint_parse takes, IPv6 in brackets. */
void endpoint_format(const struct endpoint *endpoint, char ret_text[ENDPOINT_TEXT_MAX + 1]);

#endif
