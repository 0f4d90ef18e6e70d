/* The program's own places: what its settings say, by every address that a name has. */
#include "instance/access.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "pg/hosts.h"

enum { PLACES_MAX = 512, HOST_MAX = 255 };

struct places {
    struct outbound_place items[PLACES_MAX];
    int count;
    const char *what;
    bool unresolved; /* one of the names */
};

static void add_host(void *argument, const char *host, int port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct places *places = argument;
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) {
        places->unresolved = true;
        return;
    }
    for (const struct addrinfo *i = found; i && places->count < PLACES_MAX; i = i->ai_next) {
        struct outbound_place *place = &places->items[places->count];
        *place = (struct outbound_place){.port = port, .what = places->what};
        places->count += address_of_socket(i->ai_addr, &place->address) == 0;
    }
    freeaddrinfo(found);
}

/* `host:port` as the server takes it; a port of 0 is one that nobody knows beforehand. */
static void add_listener(struct places *places, const char *setting)
{
    const char *colon = strrchr(setting, ':');
    char host[HOST_MAX + 1];
    int64_t port;
    if (!colon || colon - setting > HOST_MAX || text_parse_integer(text_of(colon + 1), &port) < 0 ||
        port < 1 || port > UINT16_MAX)
        return;
    size_t length = (size_t)(colon - setting);
    bool bracketed = length >= 2 && setting[0] == '[' && setting[length - 1] == ']';
    if (bracketed) {
        setting++;
        length -= 2;
    }
    memcpy(host, setting, length);
    host[length] = '\0';
    add_host(places, length > 0 ? host : "::", (int)port);
}

static int find_places(const struct config *config, struct places *places, struct error *err)
{
    places->count = 0;
    places->unresolved = false;
    places->what = "the service's database";
    if (config->database_url[0] && pg_hosts_list(config->database_url, add_host, places, err) < 0)
        return error_prefix(err, "database_url");
    places->what = "the service itself";
    add_listener(places, config->listen_https);
    add_listener(places, config->listen_http);
    add_listener(places, config->listen_operations);
    return 0;
}

static struct places *places_new(void)
{
    struct places *places = calloc(1, sizeof(*places));
    if (!places)
        abort();
    return places;
}

struct outbound_settings webhook_outbound_settings(const struct config *config)
{
    return (struct outbound_settings){.name = "webhook_networks",
                                      .allowed = config->webhook_networks,
                                      .denied = config->webhook_networks_denied};
}

struct outbound_settings instance_outbound_settings(const struct config *config)
{
    return (struct outbound_settings){.name = "redis_networks",
                                      .allowed = config->redis_networks,
                                      .denied = config->redis_networks_denied};
}

int outbound_new_for(const struct config *config, const struct outbound_settings *settings,
                     struct outbound **ret_outbound, struct error *err)
{
    struct places *places = places_new();
    struct outbound *outbound = NULL;
    int status = find_places(config, places, err);
    if (status == 0)
        status = outbound_new(settings, &outbound, err);
    if (status == 0)
        outbound_set_own(outbound, places->items, places->count);
    free(places);
    *ret_outbound = outbound;
    return status;
}

int instance_outbound_new(const struct config *config, struct outbound **ret_outbound,
                          struct error *err)
{
    const struct outbound_settings settings = instance_outbound_settings(config);
    return outbound_new_for(config, &settings, ret_outbound, err);
}

int instance_outbound_check(const struct config *config, struct error *err)
{
    const struct outbound_settings lists[] = {instance_outbound_settings(config),
                                              webhook_outbound_settings(config)};
    int status = 0;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && status == 0; i++) {
        struct outbound *outbound = NULL;
        status = outbound_new(&lists[i], &outbound, err);
        outbound_free(outbound);
    }
    return status;
}

bool instance_outbound_refresh(struct outbound *outbound, const struct config *config)
{
    struct error err = {0};
    struct places *places = places_new();
    bool found = find_places(config, places, &err) == 0 && !places->unresolved;
    if (found)
        outbound_set_own(outbound, places->items, places->count);
    free(places);
    return found;
}
