/* Takes a task and makes what a scan needs out of its row. */
#include "claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/scope.h"
#include "model/instance_store.h"
#include "model/scan_task_store.h"

enum { TARGET = SCAN_TASK_CLAIM_FIRST_OF_INSTANCE };

static char *copy_column(const struct pg_rows *rows, int column)
{
    struct text text = pg_rows_text(rows, 0, column);
    return pg_rows_is_null(rows, 0, column) ? NULL : text_copy(text.bytes, text.length);
}

/* The one node that it is of, in place of the instance's endpoints. */
static int read_node(const struct pg_rows *rows, struct claim *claim, struct error *err)
{
    struct endpoint *node = &claim->target.redis.endpoint;
    struct text host = pg_rows_text(rows, 0, SCAN_TASK_CLAIM_NODE_HOST);
    if (host.length >= sizeof(node->host))
        return error_set(err, ERROR_REDIS_CONNECTION, "the node's host is too long");
    *node = (struct endpoint){.port = (int)pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_NODE_PORT)};
    memcpy(node->host, host.bytes, host.length);
    claim->backup_id = copy_column(rows, SCAN_TASK_CLAIM_BACKUP_ID);
    claim->backup_directory = copy_column(rows, SCAN_TASK_CLAIM_BACKUP_DIRECTORY);
    return 0;
}

static int read_target(const struct pg_rows *rows, const struct instance_access *access,
                       struct claim *claim, struct error *err)
{
    struct instance_target *target = &claim->target;
    struct instance_identity identity = {claim->project.text, claim->instance.text};
    if (instance_target_init(target, rows, 0, TARGET, identity, access, err) < 0)
        return -1;
    if (!instance_target_is_scannable(target))
        return error_set(err, ERROR_REDIS_REFUSED, "cannot scan an instance of mode %s",
                         target->cache_mode);
    return claim->kind->id == SCAN_KIND_OFFLINE ? read_node(rows, claim, err) : 0;
}

/* What is not understood is another version's, and left as usual. */
static void read_options(const struct pg_rows *rows, struct claim *claim)
{
    struct text text = pg_rows_text(rows, 0, SCAN_TASK_CLAIM_OPTIONS);
    struct error ignored = {0};
    SCOPED(json_cleanup) json_t *options = json_loadb(text.bytes, text.length, 0, NULL);
    if (claim->kind->id == SCAN_KIND_OFFLINE)
        analysis_options_init_offline(&claim->analysis);
    else
        analysis_options_init(&claim->analysis);
    analysis_options_read(options, &claim->analysis, &ignored);
}

static int read_task(const struct pg_rows *rows, struct claim *claim, struct error *err)
{
    if (uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_PROJECT_ID), &claim->project) < 0 ||
        uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_INSTANCE_ID), &claim->instance) < 0 ||
        uuid_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_ID), &claim->task) < 0)
        return error_set(err, ERROR_DATABASE_STATEMENT, "claim: malformed id");
    claim->kind = scan_kind_find(pg_rows_string(rows, 0, SCAN_TASK_CLAIM_KIND));
    if (!claim->kind)
        return error_set(err, ERROR_DATABASE_STATEMENT, "claim: a kind that was not asked for");
    claim->fence = pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_FENCE);
    claim->attempt = (int)pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_ATTEMPT);
    if (!pg_rows_is_null(rows, 0, SCAN_TASK_CLAIM_SCAN_KEYS_COUNT))
        claim->batch_keys = (int)pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_SCAN_KEYS_COUNT);
    if (!pg_rows_is_null(rows, 0, SCAN_TASK_CLAIM_TIMEOUT_SECONDS))
        claim->timeout_seconds = pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_TIMEOUT_SECONDS);
    claim->was_lost = pg_rows_boolean(rows, 0, SCAN_TASK_CLAIM_WAS_LOST);
    claim->scan_ms = pg_rows_integer(rows, 0, SCAN_TASK_CLAIM_SCAN_MS);
    if (!pg_rows_is_null(rows, 0, SCAN_TASK_CLAIM_CHECKPOINT)) {
        struct text checkpoint = pg_rows_text(rows, 0, SCAN_TASK_CLAIM_CHECKPOINT);
        claim->checkpoint = text_copy(checkpoint.bytes, checkpoint.length);
        claim->checkpoint_length = checkpoint.length;
    }
    if (trace_parse(pg_rows_text(rows, 0, SCAN_TASK_CLAIM_TRACE_PARENT), &claim->trace) == 0)
        trace_descend(&claim->trace);
    read_options(rows, claim);
    return 0;
}

int claim_next(struct pg_session *session, const struct instance_access *access, const char *owner,
               struct claim *ret_claim, struct error *ret_unusable, struct error *err)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    char kinds[SCAN_KIND_NAMES_MAX + 1];
    scan_kind_write_names(kinds);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, owner);
    pg_parameters_add_integer(&parameters, access->config->lease_seconds);
    pg_parameters_add_integer(&parameters, access->config->attempts_max);
    pg_parameters_add_integer(&parameters, access->config->project_scans_max);
    pg_parameters_add_reference(&parameters, kinds);
    if (pg_session_execute(session, &scan_task_claim, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        return 0;
    *ret_claim = (struct claim){0};
    if (read_task(&rows, ret_claim, err) < 0) {
        claim_release(ret_claim);
        return -1;
    }
    read_target(&rows, access, ret_claim, ret_unusable);
    return 1;
}

void claim_release(struct claim *claim)
{
    instance_target_release(&claim->target);
    free(claim->checkpoint);
    free(claim->backup_id);
    free(claim->backup_directory);
    *claim = (struct claim){0};
}
