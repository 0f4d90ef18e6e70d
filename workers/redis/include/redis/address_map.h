/* Where servers are reached whose announced addresses mean nothing here: behind NAT, in another
 * network, by names that only they resolve.
 *
 * Written `announced_host:port=reachable_host:port`, or without both ports for all ports of the
 * host, separated by commas; IPv6 in brackets.  `10.0.0.5:6379=192.0.2.1:7001,db-2=192.0.2.2`. */
#ifndef REDIS_ADDRESS_MAP_H
#define REDIS_ADDRESS_MAP_H

#include "base/endpoint.h"
#include "base/error.h"

enum { REDIS_ADDRESS_MAP_BYTES_MAX = 64 << 10, REDIS_ADDRESS_MAP_ENTRIES_MAX = 1024 };

struct redis_address {
    struct endpoint announced, reachable; /* ports 0: any, and the same */
};

struct redis_address_map {
    struct redis_address *items;
    int count;
};

/* A null or empty text is the empty map.  Fails with ERROR_CONFIG on anything else that is not of
 * that form, announces an address twice or exceeds the limits; the text names the entry, counted
 * from 1.  The result is released by redis_address_map_release, also after a failure. */
int redis_address_map_parse(const char *text, struct redis_address_map *ret_map, struct error *err);
void redis_address_map_release(struct redis_address_map *map);

/* Puts the reachable address in place of an announced one: the entry with its port, else the one
 * for its host, else it stays.  Hosts are compared without regard to case.  A null map is empty. */
void redis_address_map_apply(const struct redis_address_map *map, struct endpoint *endpoint);

#endif
