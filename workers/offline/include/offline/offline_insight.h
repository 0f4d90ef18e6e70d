/* The keys of a dump (rdb/reader.h) into an insight (insight/insight.h), and what it came to.
 *
 * A dump tells more of a key than a server that is asked, and some things not at all: bytes are
 * estimates; idle times and counters are there where the server evicts by them only.  Keys that had
 * expired and were still held are in a dump, and are counted with all others.  Plain values, one
 * thread. */
#ifndef OFFLINE_OFFLINE_INSIGHT_H
#define OFFLINE_OFFLINE_INSIGHT_H

#include "base/error.h"
#include "base/json_writer.h"
#include "model/analysis_options.h"
#include "rdb/reader.h"

/* A dump with keys in more databases is refused: they are told one by one. */
enum { OFFLINE_DATABASES_MAX = 16384 };

struct offline_insight;

/* All is measured that a dump tells, whatever the options' measures are.  source is `replication`
 * or `backup`.  began_ms is the Unix time at which reading began: times to live are reckoned from
 * when the dump was made, and from then where it does not say. */
struct offline_insight *offline_insight_new(const struct scan_analysis_options *options,
                                            const char *source, int64_t began_ms);
void offline_insight_free(struct offline_insight *insight);

/* Counts a key; the facts are the reader's of that moment.  Fails with ERROR_RDB_FORMAT where there
 * are too many databases. */
int offline_insight_add(struct offline_insight *insight, const struct rdb_key *key,
                        const struct rdb_facts *facts, struct error *err);

/* Keys that were counted. */
int64_t offline_insight_keys(const struct offline_insight *insight);

/* After the last key: writes the document (openapi/ext-v1.yaml), and returns how many entries
 * largest_by_bytes has.  The facts are the reader's of the end. */
int64_t offline_insight_write(const struct offline_insight *insight, const struct rdb_facts *facts,
                              struct json_writer *json);

/* The members of the answer of /v2, without braces (insight_write_members). */
void offline_insight_write_members(const struct offline_insight *insight, struct json_writer *json);

#endif
