/* Whom a program may dial: asked about every address right before connect(), never about a name, so
 * that what was checked is what is dialled.
 *
 * Never allowed, also where a list has it: what special_address.def says so of, and the program's
 * own places (its database, its listeners).  Loopback and reserved addresses are allowed only where
 * the list has them by themselves: 0.0.0.0/0 does not.  Everything else is allowed where the list
 * is empty or has it.  IPv6 that leads to IPv4 must be allowed itself, and what it leads to must
 * not be forbidden.
 *
 * A policy may be asked by any thread, also while its own places are replaced. */
#ifndef BASE_OUTBOUND_H
#define BASE_OUTBOUND_H

#include "base/address.h"
#include "base/error.h"

struct sockaddr;
struct outbound;

enum { OUTBOUND_RULES_MAX = 256 };

/* Both lists: `network`, `network:port` or `network:first-last` with commas between, such as
 * `10.0.0.0/8:6379-6400,[fd00::1]:6379`; an IPv6 address without a prefix length is in brackets
 * where a port follows.  Empty text is the empty list. */
struct outbound_settings {
    const char
        *name; /* of the setting that allows, for messages; that which denies has `_denied` */
    const char *allowed;
    const char *denied;
};

/* Fails with ERROR_CONFIG, whose text names the entry, on one that is malformed or, in the first
 * list, could never count.  The text may go away, the name must stay. */
int outbound_new(const struct outbound_settings *settings, struct outbound **ret_outbound,
                 struct error *err);
/* What a person's own tool may dial: loopback as well, and all else that is not never allowed.
 * Never null. */
struct outbound *outbound_new_anywhere(void);
void outbound_free(struct outbound *outbound);

/* A place of the program's own.  One on this machine is meant at every address of this machine, as
 * is the unspecified address. */
struct outbound_place {
    struct address address;
    int port;
    const char *what; /* "the database"; must stay */
};

/* Takes the place of those that were set before; copied. */
void outbound_set_own(struct outbound *outbound, const struct outbound_place *places, int count);

/* Fails with ERROR_OUTBOUND_FORBIDDEN, whose text names the address and the reason. */
int outbound_check(struct outbound *outbound, const struct sockaddr *socket_address,
                   struct error *err);

#endif
