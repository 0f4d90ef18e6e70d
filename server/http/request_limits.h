/* How much is served to whom: an address, its log-ins, an access key or another credential, a
 * project, and what a project may create; and who is locked out for failing too often.
 *
 * The buckets are the server's, over all of its loops.  An address pays before anything is looked
 * up; a credential and its project pay once it is proved, so that nobody empties the bucket of a
 * key that he only names.  Each is off where its setting is 0.  What is left is told in the fields
 * RateLimit-Limit, RateLimit-Remaining and RateLimit-Reset (seconds) of
 * draft-ietf-httpapi-ratelimit-headers-06, of the bucket that has the least left: the draft's last
 * revision with a field for each number, which is what clients read; later ones put them into
 * structured fields whose names changed twice. */
#ifndef SERVER_HTTP_LIMITS_H
#define SERVER_HTTP_LIMITS_H

#include "auth/keyed_hash.h"
#include "auth/throttle.h"
#include "base/address.h"
#include "base/config.h"
#include "base/error.h"

struct exchange;

/* What an exchange remembers of its limits. */
struct exchange_limits {
    struct address site;              /* what is counted as one client */
    uint64_t pair;                    /* of address and access key or user, for the lock-out */
    struct throttle_verdict tightest; /* limit is 0 where nothing limits it */
    int64_t retry_after_seconds;      /* once it was refused; 0 before that */
};

struct limits;

/* Never null; freed by limits_free after the last loop. */
struct limits *limits_new(const struct config *config);
void limits_free(struct limits *limits);
/* For one loop's thread; freed by keyed_hasher_free. */
struct keyed_hasher *limits_hasher_new(const struct limits *limits);

/* Each fails with ERROR_THROTTLED.  The address, first of all. */
int limits_admit_address(struct exchange *exchange, struct error *err);
/* The credential that is proved, its project, and what the operation creates. */
int limits_admit_identity(struct exchange *exchange, struct error *err);
/* Whether the access key that the request names is locked for its address: before it is looked up,
 * and whether or not there is such a key, so that the refusal tells nothing. */
int limits_admit_key(struct exchange *exchange, struct error *err);
/* The same of a log-in: the address, before its body is looked at; then the user. */
int limits_admit_login(struct exchange *exchange, struct error *err);
int limits_admit_user(struct exchange *exchange, struct text domain, struct text user,
                      struct error *err);
/* What became of that, for the key or the user. */
void limits_note_proof(struct exchange *exchange, bool proved);

#endif
