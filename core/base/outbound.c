/* The order of the questions is that of who decides: nobody, the program, the operator. */
#include "base/outbound.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/special_address.h"
#include "outbound_rule.h"

enum { SETTING_NAME_MAX = 63, REASON_MAX = 128 };

struct outbound {
    char name[SETTING_NAME_MAX + 1], denied_name[SETTING_NAME_MAX + 1];
    struct outbound_rules allowed, denied;
    bool loopback;         /* without being listed */
    pthread_mutex_t mutex; /* of what follows */
    struct outbound_place *own;
    int own_count;
};

/* Whom a connection would reach. */
struct destination {
    struct address address;
    int port;
};

/* What is listed in vain would be looked for elsewhere. */
static int check_allowed(const struct outbound *outbound, struct error *err)
{
    for (int i = 0; i < outbound->allowed.count; i++) {
        const struct network *network = &outbound->allowed.items[i].network;
        const char *reason = special_network_refusal(network);
        char text[ADDRESS_TEXT_MAX + 1];
        address_format(&network->base, text);
        if (reason)
            return error_set(err, ERROR_CONFIG, "%s: %s is %s, which is never allowed",
                             outbound->name, text, reason);
    }
    return 0;
}

int outbound_new(const struct outbound_settings *settings, struct outbound **ret_outbound,
                 struct error *err)
{
    struct outbound *outbound = calloc(1, sizeof(*outbound));
    if (!outbound)
        abort();
    pthread_mutex_init(&outbound->mutex, NULL);
    snprintf(outbound->name, sizeof(outbound->name), "%s", settings->name);
    snprintf(outbound->denied_name, sizeof(outbound->denied_name), "%s_denied", settings->name);
    if (outbound_rules_parse(outbound->name, settings->allowed, &outbound->allowed, err) < 0 ||
        outbound_rules_parse(outbound->denied_name, settings->denied, &outbound->denied, err) < 0 ||
        check_allowed(outbound, err) < 0) {
        outbound_free(outbound);
        return -1;
    }
    *ret_outbound = outbound;
    return 0;
}

struct outbound *outbound_new_anywhere(void)
{
    const struct outbound_settings settings = {.name = "the networks allowed"};
    struct error err = {0};
    struct outbound *outbound;
    if (outbound_new(&settings, &outbound, &err) < 0)
        abort();
    outbound->loopback = true;
    return outbound;
}

void outbound_free(struct outbound *outbound)
{
    if (!outbound)
        return;
    outbound_rules_release(&outbound->allowed);
    outbound_rules_release(&outbound->denied);
    free(outbound->own);
    pthread_mutex_destroy(&outbound->mutex);
    free(outbound);
}

void outbound_set_own(struct outbound *outbound, const struct outbound_place *places, int count)
{
    struct outbound_place *copy = calloc((size_t)count + 1, sizeof(*copy));
    if (!copy)
        abort();
    memcpy(copy, places, (size_t)count * sizeof(*copy));
    pthread_mutex_lock(&outbound->mutex);
    struct outbound_place *before = outbound->own;
    outbound->own = copy;
    outbound->own_count = count;
    pthread_mutex_unlock(&outbound->mutex);
    free(before);
}

static bool is_unspecified(const struct address *address)
{
    static const struct address v6, v4 = {.bytes = {[10] = 0xff, [11] = 0xff}};
    return address_equals(address, &v6) || address_equals(address, &v4);
}

static bool is_loopback(const struct address *address)
{
    return special_address_find(address).standing == ADDRESS_LOOPBACK;
}

/* Asked anew each time, as addresses come and go; only where the port is one of our own. */
static bool is_of_this_machine(const struct address *address)
{
    struct ifaddrs *interfaces = NULL;
    bool found = is_loopback(address);
    /* What cannot be told is taken for ours. */
    if (found || getifaddrs(&interfaces) < 0)
        return true;
    for (const struct ifaddrs *i = interfaces; i && !found; i = i->ifa_next) {
        struct address own;
        found = i->ifa_addr && address_of_socket(i->ifa_addr, &own) == 0 &&
                address_equals(&own, address);
    }
    freeifaddrs(interfaces);
    return found;
}

/* Whoever listens on this machine may do so at all of its addresses. */
static bool is_at(const struct outbound_place *place, const struct destination *destination)
{
    if (place->port != destination->port)
        return false;
    if (address_equals(&place->address, &destination->address))
        return true;
    return (is_unspecified(&place->address) || is_of_this_machine(&place->address)) &&
           is_of_this_machine(&destination->address);
}

static const char *find_own(struct outbound *outbound, const struct destination *destination)
{
    const char *what = NULL;
    pthread_mutex_lock(&outbound->mutex);
    for (int i = 0; i < outbound->own_count && !what; i++) {
        if (is_at(&outbound->own[i], destination))
            what = outbound->own[i].what;
    }
    pthread_mutex_unlock(&outbound->mutex);
    return what;
}

static int refuse(const struct destination *destination, const char *reason, const char *setting,
                  struct error *err)
{
    char text[ADDRESS_TEXT_MAX + 1];
    bool v4 = address_is_v4(&destination->address);
    address_format(&destination->address, text);
    return error_set(err, ERROR_OUTBOUND_FORBIDDEN, "%s%s%s:%d must not be dialled: it is %s%s",
                     v4 ? "" : "[", text, v4 ? "" : "]", destination->port, reason, setting);
}

/* Loopback and reserved addresses, which a network around them does not allow. */
static bool is_named(const struct outbound *outbound, const struct destination *destination,
                     const struct special_network *special)
{
    return (outbound->loopback && special->standing == ADDRESS_LOOPBACK) ||
           outbound_rules_name(&outbound->allowed, &special->network, &destination->address,
                               destination->port);
}

/* What nobody may reach, by whatever detour. */
static int check_forbidden(struct outbound *outbound, const struct destination *destination,
                           struct error *err)
{
    struct special_network special = special_address_find(&destination->address);
    if (special.standing == ADDRESS_NEVER)
        return refuse(destination, special.what, "", err);
    const char *own = find_own(outbound, destination);
    if (own)
        return refuse(destination, own, "", err);
    if (outbound_rules_have(&outbound->denied, &destination->address, destination->port))
        return refuse(destination, "in ", outbound->denied_name, err);
    if (special.standing == ADDRESS_USUAL || is_named(outbound, destination, &special))
        return 0;
    char reason[REASON_MAX];
    snprintf(reason, sizeof(reason), "%s, and not listed as that in ", special.what);
    return refuse(destination, reason, outbound->name, err);
}

static int port_of(const struct sockaddr *socket_address)
{
    const struct sockaddr_in *v4 = (const void *)socket_address;
    const struct sockaddr_in6 *v6 = (const void *)socket_address;
    return ntohs(socket_address->sa_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
}

/* What check_forbidden let pass of loopback and reserved addresses is listed. */
static bool is_allowed(const struct outbound *outbound, const struct destination *destination)
{
    return outbound->allowed.count == 0 ||
           outbound_rules_have(&outbound->allowed, &destination->address, destination->port);
}

int outbound_check(struct outbound *outbound, const struct sockaddr *socket_address,
                   struct error *err)
{
    struct destination destination;
    struct address embedded[ADDRESS_EMBEDDED_MAX];
    if (address_of_socket(socket_address, &destination.address) < 0)
        return error_set(err, ERROR_OUTBOUND_FORBIDDEN, "neither IPv4 nor IPv6");
    destination.port = port_of(socket_address);
    if (check_forbidden(outbound, &destination, err) < 0)
        return -1;
    int count = special_address_embedded(&destination.address, embedded);
    for (int i = 0; i < count; i++) {
        struct destination behind = {embedded[i], destination.port};
        if (check_forbidden(outbound, &behind, err) < 0)
            return -1;
    }
    if (!is_allowed(outbound, &destination))
        return refuse(&destination, "not in ", outbound->name, err);
    return 0;
}
