/* An offline analysis: every key of one node, read from the copy of its data that it sends to a
 * replica, or from a file of its backups.
 *
 * No key is asked for: the server forks and streams an RDB, as for any replica, and the connection
 * is closed where that ends.  What this costs the server, and what it leaves behind there, is said
 * in docs/offline.md.  Blocking code for a thread of a pool; runs share nothing. */
#ifndef OFFLINE_OFFLINE_H
#define OFFLINE_OFFLINE_H

#include "scan/scan.h"

/* All text is borrowed for the run. */
struct offline_request {
    /* The node itself; of a backup nothing is dialled, and only the outbound rules need be there.
     */
    struct redis_target target;

    /* A file of backups, by three names that each come from somebody else: the directory that the
     * operator has set up for all (a setting; null or empty: there are no backups), that of the
     * instance, a path below it, and the name of the file in there.  backup_id null: the node's
     * replication stream. */
    const char *backup_root, *backup_directory, *backup_id;

    const struct scan_analysis_options *analysis; /* never null; its measures do not count */
    int64_t timeout_ms;                           /* of the whole run; then ERROR_SCAN_DEADLINE */

    int64_t bytes_per_second; /* the most that is read, of either source; 0: no limit */
    int fork_memory_percent;  /* memory that must be left, of what is used; 0: not asked */

    /* What it may take of the server, as of a scan (scan/scan.h): above the guard the rate of
     * reading is halved, from the ceiling on it pauses, for a few seconds at most.  With the
     * profile `fast` neither happens. */
    enum scan_profile profile;
    int guard_factor, guard_ms, ceiling_ms;

    /* As those of a scan; keys_total is what INFO counts, or the file announces, and 0 until then.
     */
    bool (*stopped)(void *argument);
    void *stopped_argument;
    void (*progress)(void *argument, const struct scan_progress *progress);
    void *progress_argument;
};

/* Runs it to its end.  The outcome's keys are the document of the analysis, its members those of
 * the answer of /v2; commands are those that were sent to the server.
 *
 * Fails with ERROR_SCAN_CANCELLED or _DEADLINE; with ERROR_REDIS_UNREADY where the server cannot
 * fork now or says that it will serve later, ERROR_REDIS_CONNECTION or _TIMEOUT where the stream
 * breaks or stalls (all three may pass); with ERROR_REDIS_REFUSED, _PROTOCOL, ERROR_BACKUP,
 * ERROR_RDB_FORMAT or ERROR_OUTBOUND_FORBIDDEN, which stay.  Only on success is there something to
 * release (scan_outcome_release). */
int offline_run(const struct offline_request *request, struct scan_outcome *ret_outcome,
                struct error *err);

#endif
