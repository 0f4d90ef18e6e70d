/* Where the addresses that servers announce can be reached: nodes behind NAT tell their own.
 *
 * Written `announced:port=reachable:port` or `announced=reachable`, which keeps the port; several
 * with commas between, IPv6 in brackets, no spaces.  A map is read-only once parsed; any thread. */
#ifndef BASE_ADDRESS_MAP_H
#define BASE_ADDRESS_MAP_H

#include "base/endpoint.h"
#include "base/error.h"

enum { ADDRESS_MAP_ENTRIES_MAX = 512, ADDRESS_MAP_TEXT_MAX = 16 * 1024 };

struct address_map_entry;

struct address_map {
    int count;
    struct address_map_entry *entries;
};

/* Null and empty text are the map that changes nothing.  Fails with ERROR_INVALID_PARAMETER, whose
 * text names the entry, on any other form, on an announced address that comes twice, and past a
 * limit; then there is nothing to release. */
int address_map_parse(const char *text, struct address_map *ret_map, struct error *err);
void address_map_release(struct address_map *map);

/* Replaces an announced endpoint by the reachable one: what names the port goes before what names
 * the host only.  Hosts are compared without regard to case.  What is not announced stays.  A null
 * map is empty. */
void address_map_apply(const struct address_map *map, struct endpoint *endpoint);

/* The first reachable endpoint that is an address which nothing may dial, with the reason, or null.
 */
const struct endpoint *address_map_find_refused(const struct address_map *map,
                                                const char **ret_reason);

#endif
