/* Whether a database that is silent is slow or gone: a second connection, made on a thread of its
 * own.
 *
 * Any answer counts, a refusal too: what it is to find out is silence, which is all that a cut
 * network or a dead proxy has to say. */
#ifndef PG_PROBE_H
#define PG_PROBE_H

#include "target.h"

struct pg_probe;

enum pg_verdict { PG_VERDICT_NONE_YET, PG_VERDICT_ANSWERS, PG_VERDICT_SILENT };

/* target and host must outlive the probe; address is copied and may be null.  Never null. */
struct pg_probe *pg_probe_start(const struct pg_target *target, const struct pg_host *host,
                                const char *address, int timeout_ms);
enum pg_verdict pg_probe_verdict(const struct pg_probe *probe);
/* Waits for the verdict where there is none yet: timeout_ms at most. */
void pg_probe_free(struct pg_probe *probe);

#endif
