/* Source, reader, insight, document: one key at a time, and nothing of it is kept but what adds up.
 */
#include "offline/offline.h"

#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "base/clock.h"
#include "errand.h"
#include "node.h"
#include "offline/offline_insight.h"
#include "rate.h"
#include "rdb/reader.h"

struct run {
    struct errand errand;
    struct node *node;       /* or */
    struct rdb_file *backup; /* one of both */
    struct rate rate;        /* of the backup */
    struct rdb_reader *reader;
    struct offline_insight *insight;
};

static ssize_t read_file_bytes(struct run *run, void *ret_bytes, size_t most, struct error *err)
{
    ssize_t moved = rdb_file_read(run->backup, ret_bytes, most, ERROR_BACKUP, err);
    return moved < 0 ? error_prefix(err, "the backup") : moved;
}

/* How the request stands, and how far its rate allows. */
static ssize_t read_backup(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct run *run = argument;
    int64_t per_second = run->errand.request->bytes_per_second, wait;
    int64_t allowed = (int64_t)most;
    if (errand_check(&run->errand, err) < 0)
        return -1;
    while (per_second > 0 &&
           (allowed = rate_allow(&run->rate, per_second, clock_monotonic_us(), &wait)) == 0) {
        if (errand_nap(&run->errand, wait, err) < 0)
            return -1;
    }
    ssize_t moved =
        read_file_bytes(run, ret_bytes, allowed < (int64_t)most ? (size_t)allowed : most, err);
    if (moved > 0)
        rate_take(&run->rate, moved);
    return moved;
}

/* What follows an RDB is no part of it: an AOF that begins with one goes on with commands, without
 * which its keys are not what they were. */
static int end_backup(struct run *run, struct error *err)
{
    char next;
    ssize_t moved = rdb_file_given(run->backup) > rdb_reader_offset(run->reader)
                        ? 1
                        : read_file_bytes(run, &next, sizeof(next), err);
    return moved > 0 ? error_set(err, ERROR_RDB_FORMAT,
                                 "bytes behind the end of the RDB, at %lld: no RDB alone",
                                 (long long)rdb_reader_offset(run->reader))
                     : (int)moved;
}

/* A file says of its keys' number what it knows, database by database. */
static void note_key(struct run *run, const struct rdb_facts *facts)
{
    struct scan_progress *progress = &run->errand.progress;
    progress->keys_seen++;
    if (run->backup && facts->keys_announced > progress->keys_total)
        progress->keys_total = facts->keys_announced;
}

static int read_keys(struct run *run, struct error *err)
{
    const struct rdb_facts *facts = rdb_reader_facts(run->reader);
    struct rdb_key key;
    int found;
    while ((found = rdb_reader_next(run->reader, &key, err)) > 0) {
        note_key(run, facts);
        if (offline_insight_add(run->insight, &key, facts, err) < 0)
            return -1;
    }
    return found;
}

static void write_result(struct run *run, struct scan_outcome *ret_outcome)
{
    struct rdb_facts facts = *rdb_reader_facts(run->reader);
    struct json_writer document, members;
    if (run->node && facts.replication_offset < 0)
        facts.replication_offset = node_offset(run->node);
    json_writer_init(&document);
    json_writer_init(&members);
    *ret_outcome = (struct scan_outcome){
        .num = offline_insight_write(run->insight, &facts, &document),
        .bytes_read = rdb_reader_offset(run->reader),
        .keys_seen = run->errand.progress.keys_seen,
        .keys_before = run->errand.progress.keys_total,
        .keys_after = run->errand.progress.keys_seen,
    };
    offline_insight_write_members(run->insight, &members);
    ret_outcome->keys = json_writer_take(&document, &ret_outcome->keys_length);
    ret_outcome->members = json_writer_take(&members, &ret_outcome->members_length);
    if (run->node)
        node_tell(run->node, ret_outcome);
    ret_outcome->duration_ms = errand_elapsed_ms(&run->errand);
}

static int read_all(struct run *run, const struct rdb_source *source, int64_t began_ms,
                    struct error *err)
{
    run->reader = rdb_reader_new(source);
    if (run->node)
        rdb_reader_set_allocator(run->reader, node_allocator(run->node));
    run->insight = offline_insight_new(run->errand.request->analysis,
                                       run->node ? "replication" : "backup", began_ms);
    return read_keys(run, err);
}

static int read_node(struct run *run, struct error *err)
{
    if (node_open(&run->errand, &run->node, err) < 0)
        return -1;
    const struct rdb_source source = {node_read, run->node};
    if (read_all(run, &source, clock_unix_ms(), err) == 0)
        return node_end(run->node, rdb_reader_offset(run->reader), err);
    return err->code == ERROR_RDB_FORMAT ? error_prefix(err, "%s", node_name(run->node)) : -1;
}

static int read_file(struct run *run, struct error *err)
{
    const struct offline_request *request = run->errand.request;
    if (backup_open(request->backup_root, request->backup_directory, request->backup_id,
                    &run->backup, err) < 0)
        return -1;
    const struct rdb_source source = {read_backup, run};
    rate_init(&run->rate, clock_monotonic_us());
    if (read_all(run, &source, rdb_file_time_ms(run->backup), err) == 0 &&
        end_backup(run, err) == 0)
        return 0;
    return err->code == ERROR_RDB_FORMAT ? error_prefix(err, "the backup: %s", request->backup_id)
                                         : -1;
}

int offline_run(const struct offline_request *request, struct scan_outcome *ret_outcome,
                struct error *err)
{
    struct run run = {0};
    errand_init(&run.errand, request);
    int status = request->backup_id ? read_file(&run, err) : read_node(&run, err);
    if (status == 0)
        status = errand_ask(&run.errand, err);
    if (status == 0)
        write_result(&run, ret_outcome);
    offline_insight_free(run.insight);
    rdb_reader_free(run.reader);
    node_free(run.node);
    rdb_file_free(run.backup);
    return status;
}
