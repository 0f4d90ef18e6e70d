/* Endpoints: one written form, taken strictly so that it can be compared and shown. */
#include "base/endpoint.h"

#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

/* Letters, digits and what names, IPv4, IPv6 and zones are written with. */
static bool is_host_byte(char c, bool is_v6)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c == '.' || c == '-' || c == '_' || (is_v6 && (c == ':' || c == '%'));
}

int endpoint_init(struct text host, int64_t port, struct endpoint *ret_endpoint)
{
    if (host.length == 0 || host.length > ENDPOINT_HOST_MAX || port < 1 || port > PORT_MAX)
        return -1;
    bool is_v6 = memchr(host.bytes, ':', host.length) != NULL;
    for (size_t i = 0; i < host.length; i++) {
        if (!is_host_byte(host.bytes[i], is_v6))
            return -1;
    }
    memcpy(ret_endpoint->host, host.bytes, host.length);
    ret_endpoint->host[host.length] = '\0';
    ret_endpoint->port = (int)port;
    return 0;
}

static int parse_port(struct text text, int64_t *ret_port)
{
    if (text.length == 0 || text.length > PORT_DIGITS_MAX || text.bytes[0] < '1' ||
        text.bytes[0] > '9')
        return -1;
    return text_parse_integer(text, ret_port);
}

int endpoint_parse(struct text text, struct endpoint *ret_endpoint)
{
    const char *colon = text.length > 0 ? memrchr(text.bytes, ':', text.length) : NULL;
    int64_t port;
    if (!colon)
        return -1;
    struct text host = {text.bytes, (size_t)(colon - text.bytes)};
    if (parse_port((struct text){colon + 1, text.length - host.length - 1}, &port) < 0)
        return -1;
    bool bracketed = host.length > 2 && host.bytes[0] == '[' && host.bytes[host.length - 1] == ']';
    if (bracketed)
        host = (struct text){host.bytes + 1, host.length - 2};
    if (bracketed != (memchr(host.bytes, ':', host.length) != NULL))
        return -1;
    return endpoint_init(host, port, ret_endpoint);
}

void endpoint_format(const struct endpoint *endpoint, char ret_text[ENDPOINT_TEXT_MAX + 1])
{
    bool is_v6 = strchr(endpoint->host, ':') != NULL;
    snprintf(ret_text, ENDPOINT_TEXT_MAX + 1, is_v6 ? "[%s]:%d" : "%s:%d", endpoint->host,
             endpoint->port);
}
