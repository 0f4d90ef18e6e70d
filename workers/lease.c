/* The keeper: one thread, one database session, all leases of the process. */
#include "lease.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/scope.h"
#include "base/text.h"
#include "heartbeat.h"
#include "scan/scan.h"
#include "worker_metrics.h"

enum {
    LEASES_MAX = 256,
    CHECK_INTERVAL_MS = 1000,
    STATEMENT_TIMEOUT_MS = 5000,
    STATEMENT_MOST_MS = STATEMENT_TIMEOUT_MS + PG_SESSION_GRACE_MS,
    CLOSE_TIMEOUT_MS = 5000
};

struct lease_keeper {
    const struct config *config;
    const char *owner;
    struct pg_session *session; /* the thread's */
    pthread_t thread;
    unsigned beat; /* counts heartbeats, each of one or more rounds; the thread's */
    int64_t next_renewal_ms, next_telling_ms; /* monotonic; its */
    bool no_checkpoints;   /* the last round had some and failed: a lease is worth more; its */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    bool in_flight; /* a statement is */
    unsigned round;
    int count;
    struct lease *leases[LEASES_MAX];
};

/* What a round does. */
enum round_kind { ROUND_CHECK, ROUND_TELL, ROUND_RENEW };

/* What a round came to. */
enum keeping {
    KEEPING_FAILED, /* the database did not answer; the leases run on by the clock */
    KEEPING_DONE,
    KEEPING_UNFINISHED /* more checkpoints than a statement carries */
};

/* How long the keeper lets pass: with the time between two checkpoints and until it looks again,
 * what is written down is never older than a heartbeat. */
static int64_t renewal_interval_ms(const struct config *config)
{
    int64_t most = config->heartbeat_seconds * 1000;
    int64_t interval = most - SCAN_CHECKPOINT_MS - CHECK_INTERVAL_MS;
    return interval > most / 2 ? interval : most / 2;
}

/* The round's checkpoint of a lease, where it has a new one that finds room. */
static void add_checkpoint(struct lease_keeper *keeper, struct lease *lease,
                           const struct heartbeat *beat, struct heartbeat_entry *entry,
                           bool *ret_unfinished)
{
    if (lease->closed || lease->number == lease->saved || lease->beat == keeper->beat)
        return;
    if (!heartbeat_has_room(beat, lease->checkpoint.length)) {
        *ret_unfinished = true;
        return;
    }
    lease->beat = keeper->beat;
    lease->sent = lease->number;
    entry->checkpoint = lease->checkpoint.text;
    entry->checkpoint_length = lease->checkpoint.length;
}

static struct heartbeat_entry entry_of(const struct lease *lease)
{
    return (struct heartbeat_entry){.project = &lease->project,
                                    .task = &lease->task,
                                    .fence = lease->fence,
                                    .keys_seen = atomic_load(&lease->keys_seen),
                                    .keys_total = atomic_load(&lease->keys_total),
                                    .scan_ms = lease_scan_ms(lease),
                                    .keys_per_second = scan_speed_per_second(&lease->speed),
                                    .progress = lease->progress.text,
                                    .progress_length = lease->progress.length};
}

/* What was seen before its first word is not the scan's doing. */
static void note_speed(struct lease *lease)
{
    if (!lease->progress.text)
        return;
    scan_speed_take(&lease->speed, clock_monotonic_ms(), atomic_load(&lease->keys_seen));
}

/* Notes all leases of this moment under a new round. */
static void collect(struct lease_keeper *keeper, struct heartbeat *beat, bool with_checkpoints,
                    bool *ret_unfinished)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->round++;
    for (int i = 0; i < keeper->count; i++) {
        struct lease *lease = keeper->leases[i];
        note_speed(lease);
        struct heartbeat_entry entry = entry_of(lease);
        atomic_store(&lease->wants_progress, true);
        lease->round = keeper->round;
        lease->sent = 0;
        if (with_checkpoints)
            add_checkpoint(keeper, lease, beat, &entry, ret_unfinished);
        heartbeat_add(beat, &entry);
    }
    keeper->in_flight = beat->count > 0;
    pthread_mutex_unlock(&keeper->mutex);
    heartbeat_close(beat);
}

/* Leases that were in the round and are not in the answer are lost. */
static void apply(struct lease_keeper *keeper, const struct pg_rows *rows, bool renewed,
                  int64_t sent_ms)
{
    for (int i = 0; i < keeper->count; i++) {
        struct lease *lease = keeper->leases[i];
        if (lease->round != keeper->round)
            continue;
        if (!heartbeat_answer_has(rows, &lease->task, lease->fence)) {
            metric_add(&metric_leases_lost, 0, 0, !atomic_exchange(&lease->lost, true));
        } else if (renewed) {
            atomic_store(&lease->renewed_ms, sent_ms);
            if (lease->sent > 0)
                lease->saved = lease->sent;
        }
    }
}

static int send(struct lease_keeper *keeper, const struct heartbeat *beat, enum round_kind kind,
                struct pg_rows *rows, struct error *err)
{
    switch (kind) {
    case ROUND_RENEW:
        return heartbeat_renew(beat, keeper->session, keeper->owner, keeper->config->lease_seconds,
                               rows, err);
    case ROUND_TELL:
        return heartbeat_tell(beat, keeper->session, rows, err);
    case ROUND_CHECK:
        break;
    }
    return heartbeat_check(beat, keeper->session, rows, err);
}

/* Returns 0 where the database answered. */
static int execute(struct lease_keeper *keeper, const struct heartbeat *beat, enum round_kind kind)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct error err = {0};
    int64_t sent_ms = clock_monotonic_ms();
    int status = send(keeper, beat, kind, &rows, &err);
    pthread_mutex_lock(&keeper->mutex);
    if (status == 0)
        apply(keeper, &rows, kind == ROUND_RENEW, sent_ms);
    keeper->in_flight = false;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
    metric_add(&metric_failures, UNIT_LEASE, 0, status < 0);
    if (status < 0)
        LOG_WARNING("heartbeat_failed", LOG_ERROR_FIELDS(&err));
    return status;
}

static enum keeping keep(struct lease_keeper *keeper, enum round_kind kind)
{
    SCOPED(heartbeat_release) struct heartbeat beat;
    bool renew = kind == ROUND_RENEW;
    bool unfinished = false, with_checkpoints = renew && !keeper->no_checkpoints;
    heartbeat_init(&beat);
    collect(keeper, &beat, with_checkpoints, &unfinished);
    int status = beat.count > 0 ? execute(keeper, &beat, kind) : 0;
    if (renew)
        keeper->no_checkpoints = status < 0 && with_checkpoints;
    if (status < 0)
        return KEEPING_FAILED;
    return unfinished ? KEEPING_UNFINISHED : KEEPING_DONE;
}

/* Waits under the mutex for a change, at most until then.  False where the time is over. */
static bool wait_until(struct lease_keeper *keeper, int64_t monotonic_ms)
{
    struct timespec until = {.tv_sec = monotonic_ms / 1000,
                             .tv_nsec = monotonic_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until) == 0;
}

/* Between two rounds.  Returns whether there is to be another one. */
static bool rest(struct lease_keeper *keeper, int milliseconds)
{
    int64_t until = clock_monotonic_ms() + milliseconds;
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->stopping && wait_until(keeper, until))
        ;
    bool stopping = keeper->stopping;
    pthread_mutex_unlock(&keeper->mutex);
    return !stopping;
}

static enum keeping renew(struct lease_keeper *keeper, int64_t now, enum keeping before)
{
    if (before != KEEPING_UNFINISHED)
        keeper->beat++;
    enum keeping kept = keep(keeper, ROUND_RENEW);
    if (kept == KEEPING_DONE)
        keeper->next_renewal_ms = now + renewal_interval_ms(keeper->config);
    return kept;
}

/* Leases go first; where these cannot be renewed nothing can be told. */
static enum keeping run_round(struct lease_keeper *keeper, enum keeping before)
{
    const int64_t now = clock_monotonic_ms();
    const bool tells = now >= keeper->next_telling_ms;
    if (tells)
        keeper->next_telling_ms =
            now + keeper->config->progress_seconds * 1000 - CHECK_INTERVAL_MS / 2;
    if (now < keeper->next_renewal_ms)
        return keep(keeper, tells ? ROUND_TELL : ROUND_CHECK);
    enum keeping kept = renew(keeper, now, before);
    if (tells && kept != KEEPING_FAILED)
        keep(keeper, ROUND_TELL);
    return kept;
}

static void *run(void *argument)
{
    struct lease_keeper *keeper = argument;
    enum keeping kept = KEEPING_DONE;
    struct pulse pulse = {0};
    pulse_begin(&pulse, "leases", -1,
                keeper->config->stuck_seconds * 1000 + CHECK_INTERVAL_MS + 2 * STATEMENT_MOST_MS);
    do {
        pulse_beat(&pulse);
        kept = run_round(keeper, kept);
    } while (rest(keeper, kept == KEEPING_UNFINISHED ? 0 : CHECK_INTERVAL_MS));
    pulse_end(&pulse);
    return NULL;
}

struct lease_keeper *lease_keeper_new(const struct config *config, const struct pg_login *database,
                                      const char *owner)
{
    struct lease_keeper *keeper = calloc(1, sizeof(*keeper));
    pthread_condattr_t attributes;
    if (!keeper)
        abort();
    keeper->config = config;
    keeper->owner = owner;
    keeper->session = pg_session_new(database, "dcs-worker lease", STATEMENT_TIMEOUT_MS);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0)
        abort();
    return keeper;
}

void lease_keeper_free(struct lease_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->stopping = true;
    pthread_cond_broadcast(&keeper->changed);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    pthread_cond_destroy(&keeper->changed);
    pthread_mutex_destroy(&keeper->mutex);
    pg_session_free(keeper->session);
    free(keeper);
}

void lease_add(struct lease_keeper *keeper, struct lease *lease)
{
    pthread_mutex_lock(&keeper->mutex);
    if (keeper->count == LEASES_MAX)
        abort();
    keeper->leases[keeper->count++] = lease;
    pthread_mutex_unlock(&keeper->mutex);
}

void lease_remove(struct lease_keeper *keeper, struct lease *lease)
{
    pthread_mutex_lock(&keeper->mutex);
    for (int i = 0; i < keeper->count; i++) {
        if (keeper->leases[i] == lease) {
            keeper->leases[i] = keeper->leases[--keeper->count];
            break;
        }
    }
    pthread_mutex_unlock(&keeper->mutex);
    free(lease->checkpoint.text);
    free(lease->progress.text);
    lease->checkpoint = lease->progress = (struct lease_text){0};
}

void lease_cancel(struct lease_keeper *keeper, const char *task)
{
    pthread_mutex_lock(&keeper->mutex);
    for (int i = 0; i < keeper->count; i++) {
        if (strcmp(keeper->leases[i]->task.text, task) == 0)
            metric_add(&metric_leases_lost, 0, 0, !atomic_exchange(&keeper->leases[i]->lost, true));
    }
    pthread_mutex_unlock(&keeper->mutex);
}

bool lease_is_lost(const struct lease *lease)
{
    return atomic_load(&lease->lost);
}

bool lease_is_held(const struct lease_keeper *keeper, struct lease *lease)
{
    /* A sixth of the lease is left for clocks that drift and for what is on its way to Redis. */
    int64_t safe_ms = keeper->config->lease_seconds * 1000 * 5 / 6;
    return !lease_is_lost(lease) &&
           clock_monotonic_ms() - atomic_load(&lease->renewed_ms) < safe_ms;
}

void lease_set_checkpoint(struct lease_keeper *keeper, struct lease *lease, const char *text,
                          size_t length)
{
    struct lease_text old = lease->checkpoint;
    if (old.text && old.length == length && memcmp(old.text, text, length) == 0)
        return;
    struct lease_text copy = {text_copy(text, length), length};
    pthread_mutex_lock(&keeper->mutex);
    lease->checkpoint = copy;
    lease->number++;
    pthread_mutex_unlock(&keeper->mutex);
    free(old.text);
}

void lease_set_progress(struct lease_keeper *keeper, struct lease *lease, const char *text,
                        size_t length)
{
    struct lease_text old = lease->progress, copy = {text_copy(text, length), length};
    atomic_store(&lease->wants_progress, false);
    pthread_mutex_lock(&keeper->mutex);
    lease->progress = copy;
    pthread_mutex_unlock(&keeper->mutex);
    free(old.text);
}

int lease_tell(struct lease_keeper *keeper, struct lease *lease, struct pg_session *session,
               struct error *err)
{
    SCOPED(heartbeat_release) struct heartbeat beat;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    heartbeat_init(&beat);
    pthread_mutex_lock(&keeper->mutex);
    const struct heartbeat_entry entry = entry_of(lease);
    heartbeat_add(&beat, &entry);
    pthread_mutex_unlock(&keeper->mutex);
    heartbeat_close(&beat);
    return heartbeat_tell(&beat, session, &rows, err);
}

void lease_close(struct lease_keeper *keeper, struct lease *lease)
{
    int64_t until = clock_monotonic_ms() + CLOSE_TIMEOUT_MS;
    pthread_mutex_lock(&keeper->mutex);
    lease->closed = true;
    while (keeper->in_flight && lease->round == keeper->round && lease->sent > 0 &&
           wait_until(keeper, until))
        ;
    pthread_mutex_unlock(&keeper->mutex);
}

int64_t lease_scan_ms(const struct lease *lease)
{
    return lease->earlier_ms + clock_monotonic_ms() - lease->started_ms;
}
