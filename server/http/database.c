/* libpq's socket is watched through a duplicate, so that h2o and libpq each close their own. */
#include "database.h"

#include <fcntl.h>
#include <stdlib.h>

#include "event_streams.h"
#include "lock_queue.h"
#include "model/access_key_store.h"
#include "model/audit_store.h"

/* What waits for a lock holds up all that is behind it: past LOCK_WAIT_MS it waits elsewhere.  A
 * statement is answered within a few milliseconds; past HELD_UP_MS the one at the head is not as
 * others are. */
enum { LOCK_WAIT_MS = 50, HELD_UP_MS = 20 };

struct database {
    struct loop *loop;
    struct pg_pipeline_settings settings;
    struct pg_pipeline *pipeline;
    h2o_socket_t *socket;
    unsigned generation;
    bool write_armed;
    h2o_timeout_entry_t turn_end; /* linked while something is to be sent */
};

static void watch(struct database *database);

static void on_readable(h2o_socket_t *socket, const char *err)
{
    struct database *database = socket->data;
    (void)err; /* libpq finds out by itself, and says more */
    pg_pipeline_advance(database->pipeline);
    watch(database);
}

static void on_writable(h2o_socket_t *socket, const char *err)
{
    struct database *database = socket->data;
    (void)err;
    database->write_armed = false;
    pg_pipeline_advance(database->pipeline);
    watch(database);
}

/* Follows the pipeline: its socket may be another one by now, and it may have something to write.
 */
static void watch(struct database *database)
{
    unsigned generation;
    int descriptor = pg_pipeline_descriptor(database->pipeline, &generation);
    if (generation != database->generation) {
        if (database->socket)
            h2o_socket_close(database->socket);
        database->socket = NULL;
        database->write_armed = false;
        database->generation = generation;
        if (descriptor < 0)
            return;
        int duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (duplicate < 0)
            return; /* out of descriptors: the tick's time-out ends the attempt */
        database->socket = h2o_evloop_socket_create(database->loop->h2o.loop, duplicate,
                                                    H2O_SOCKET_FLAG_DONT_READ);
        database->socket->data = database;
        h2o_socket_read_start(database->socket, on_readable);
    }
    if (database->socket && !database->write_armed &&
        (pg_pipeline_interest(database->pipeline) & PG_PIPELINE_WRITE)) {
        database->write_armed = true;
        h2o_socket_notify_write(database->socket, on_writable);
    }
}

/* Whatever the loop's turn brought goes out at once. */
static void on_turn_end(h2o_timeout_entry_t *entry)
{
    struct database *database = H2O_STRUCT_FROM_MEMBER(struct database, turn_end, entry);
    pg_pipeline_flush(database->pipeline);
    watch(database);
}

static void on_access_key_changed(void *argument, const char *payload)
{
    struct loop *loop = argument;
    access_key_cache_forget(loop->access_keys, text_of(payload));
    event_streams_judge(loop->streams, payload);
}

static void on_reset(void *argument)
{
    struct loop *loop = argument;
    access_key_cache_clear(loop->access_keys);
    event_streams_judge(loop->streams, NULL);
}

struct database *database_new(struct loop *loop, enum database_use use)
{
    static const struct pg_statement *const audit_statements[] = {&audit_insert};
    const struct config *config = loop->server->config;
    bool listens = use == DATABASE_REQUESTS_AND_CHANGES, audits = use == DATABASE_AUDIT;
    struct database *database = calloc(1, sizeof(*database));
    if (!database)
        abort();
    database->loop = loop;
    database->settings = (struct pg_pipeline_settings){
        .login = audits ? loop->server->audit_database : loop->server->database,
        .application = audits ? "dcs-server audit" : "dcs-server",
        .statement_timeout_ms = (int)config->database_timeout_ms,
        .lock_timeout_ms = audits ? (int)config->database_timeout_ms / 5 * 4 : LOCK_WAIT_MS,
        .in_flight_max = (int)config->database_in_flight,
        .statements = audits ? audit_statements : loop->server->statements,
        .statement_count = audits ? 1 : loop->server->statement_count,
        .listen_channel = listens ? ACCESS_KEY_CHANNEL : NULL,
        .on_notify = listens ? on_access_key_changed : NULL,
        .on_reset = listens ? on_reset : NULL,
        .argument = loop,
    };
    database->pipeline = pg_pipeline_new(&database->settings);
    database->turn_end.cb = on_turn_end;
    return database;
}

void database_free(struct database *database)
{
    if (!database)
        return;
    if (database->socket)
        h2o_socket_close(database->socket);
    h2o_timeout_unlink(&database->turn_end);
    pg_pipeline_free(database->pipeline);
    free(database);
}

void database_tick(struct database *database)
{
    pg_pipeline_tick(database->pipeline);
    watch(database);
}

bool database_is_ready(const struct loop *loop)
{
    for (int i = 0; i < loop->database_count; i++) {
        if (pg_pipeline_is_ready(loop->databases[i]->pipeline))
            return true;
    }
    return false;
}

int database_submit_to(struct database *database, const struct pg_statement *statement,
                       const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                       void *argument, struct error *err)
{
    if (pg_pipeline_submit(database->pipeline, statement, parameters, done, argument, err) < 0)
        return -1;
    if (!h2o_timeout_is_linked(&database->turn_end))
        h2o_timeout_link(database->loop->h2o.loop, &database->loop->h2o.zero_timeout,
                         &database->turn_end);
    return 0;
}

static struct database *last_of(const struct loop *loop)
{
    return loop->databases[loop->database_count - 1];
}

/* Less is better.  One that is full is none to choose while another is not; whatever waits is
 * better than that.  Reads stay together on the first connections, where they share groups; writes,
 * which each wait for the disk, spread over the others. */
static int64_t burden_of(const struct loop *loop, int index, enum pg_effect effect)
{
    enum { READS_TOGETHER = 64, HELD_UP = 1 << 20, FULL = 1 << 21 };
    const struct database *database = loop->databases[index];
    int depth = pg_pipeline_depth(database->pipeline);
    bool is_set_aside = database == last_of(loop) && lock_queue_is_used(loop->lock_queue);
    bool is_held_up = is_set_aside || pg_pipeline_silent_ms(database->pipeline) > HELD_UP_MS;
    bool is_full = depth >= database->settings.in_flight_max;
    bool stays = effect == PG_READS && depth < READS_TOGETHER;
    return (int64_t)(stays ? index : depth) + (is_held_up ? HELD_UP : 0) + (is_full ? FULL : 0);
}

int database_submit(struct loop *loop, const struct pg_statement *statement,
                    const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                    void *argument, struct error *err)
{
    /* Where none is ready this one refuses, and counts that. */
    struct database *best = last_of(loop);
    int64_t least = INT64_MAX;
    for (int i = loop->database_count - 1; i >= 0; i--) {
        struct database *database = loop->databases[i];
        if (!pg_pipeline_is_ready(database->pipeline))
            continue;
        int64_t burden = burden_of(loop, i, statement->effect);
        if (burden < least) {
            least = burden;
            best = database;
        }
    }
    return database_submit_to(best, statement, parameters, done, argument, err);
}

int database_submit_last(struct loop *loop, const struct pg_statement *statement,
                         const struct pg_parameters *parameters, pg_pipeline_done_fn *done,
                         void *argument, struct error *err)
{
    struct database *last = last_of(loop);
    if (!pg_pipeline_is_ready(last->pipeline))
        return database_submit(loop, statement, parameters, done, argument, err);
    return database_submit_to(last, statement, parameters, done, argument, err);
}
