/* dcsctl secret rotate: re-seals what another key than the first one sealed, a row at a time.
 *
 * Nothing is remembered between two runs: what is left is what the walk finds, so that it can be
 * killed at any moment, be run again, and be run twice at once. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "lookup.h"
#include "model/sealed_store.h"
#include "report.h"
#include "sealing.h"

enum { CHUNK_ROWS = 500, PASSES_MAX = 10, PROBLEMS_SHOWN = 10, PROGRESS_MS = 1000 };

static const char nil[] = "00000000-0000-0000-0000-000000000000";

/* Of one pass over all columns. */
struct tally {
    int64_t secrets, resealed;
    int64_t overtaken;            /* changed by somebody else in the moment between */
    int64_t without_key, damaged; /* what cannot be re-sealed */
    int64_t stale;                /* what has to be, where nothing is written */
};

struct rotation {
    struct cli *cli;
    const struct keyring *keyring;
    bool only_count;
    struct tally tally;
    int64_t resealed; /* by all passes */
    int64_t shown_ms;
    int64_t problems;
};

static const struct report_column columns[] = {
    {"sealing_key", "sealing key", REPORT_TEXT},
    {"secrets", "secrets", REPORT_NUMBER},
    {"resealed", "re-sealed", REPORT_NUMBER},
    {"left", "left", REPORT_NUMBER},
    {"without_key", "of those, sealed by a key that is not in the file", REPORT_NUMBER},
    {"damaged", "of those, damaged", REPORT_NUMBER},
    {"old_keys_removable", "old keys can be removed", REPORT_FLAG},
};

static void keyring_cleanup(struct keyring **keyring)
{
    keyring_free(*keyring);
}

static void note_problem(struct rotation *rotation, const struct secret_owner *owner,
                         const struct error *err)
{
    if (err->code == ERROR_SECRET_KEY)
        rotation->tally.without_key++;
    else
        rotation->tally.damaged++;
    /* Every pass comes by. */
    if (rotation->resealed == 0 && rotation->problems++ < PROBLEMS_SHOWN)
        fprintf(stderr, "dcsctl: %s of %s in project %s: %s\n", owner->column->name, owner->row,
                owner->project ? owner->project : "-", err->text);
}

static int replace(struct rotation *rotation, const struct sealed_column *column,
                   const struct secret_owner *owner, const char *before,
                   const unsigned char *sealed, size_t length, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    char text[SEALED_TEXT_MAX];
    struct pg_parameters parameters;
    memcpy(text, "\\x", 2);
    text_format_hex(sealed, length, text + 2);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, owner->project);
    pg_parameters_add_reference(&parameters, owner->row);
    pg_parameters_add_reference(&parameters, before);
    pg_parameters_add_reference(&parameters, text);
    if (cli_execute(rotation->cli, column->replace, &parameters, &rows, err) < 0)
        return -1;
    if (rows.row_count == 0)
        rotation->tally.overtaken++;
    else
        rotation->tally.resealed++;
    return 0;
}

static int visit_blob(struct rotation *rotation, const struct sealed_column *column,
                      const struct pg_rows *rows, int row, struct error *err)
{
    unsigned char sealed[SECRET_SEALED_MAX], again[SECRET_SEALED_MAX];
    struct secret_owner owner = column->owner(pg_rows_string(rows, row, SEALED_LIST_PROJECT_ID),
                                              pg_rows_string(rows, row, SEALED_LIST_ID));
    struct error problem = {0};
    size_t again_length;
    ptrdiff_t length = pg_rows_bytes(rows, row, SEALED_LIST_SEALED, sealed, sizeof(sealed));
    int status = length < 0 ? error_set(&problem, ERROR_SECRET, "not a sealed secret")
                            : secret_reseal(rotation->keyring, &owner, sealed, (size_t)length,
                                            again, &again_length, &problem);
    rotation->tally.stale++;
    if (status < 0) {
        note_problem(rotation, &owner, &problem);
        return 0;
    }
    if (status == 0 || rotation->only_count)
        return 0;
    return replace(rotation, column, &owner, pg_rows_string(rows, row, SEALED_LIST_SEALED), again,
                   again_length, err);
}

static void show_progress(struct rotation *rotation, const struct secret_column *column)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - rotation->shown_ms < PROGRESS_MS)
        return;
    rotation->shown_ms = now_ms;
    fprintf(stderr, "%s: %lld secrets looked at, %lld re-sealed\n", column->name,
            (long long)rotation->tally.secrets, (long long)rotation->tally.resealed);
}

static int list_chunk(struct rotation *rotation, const struct sealed_column *column,
                      const char *project, const char *row, struct pg_rows *ret_rows,
                      struct error *err)
{
    unsigned char head[SECRET_HEAD_LENGTH];
    struct pg_parameters parameters;
    secret_current_head(rotation->keyring, head);
    pg_parameters_init(&parameters);
    pg_parameters_add_text(&parameters, text_of(row));
    pg_parameters_add_bytes(&parameters, head, sizeof(head));
    pg_parameters_add_integer(&parameters, CHUNK_ROWS);
    if (column->by_project)
        pg_parameters_add_text(&parameters, text_of(project));
    return cli_execute(rotation->cli, column->list, &parameters, ret_rows, err);
}

/* Returns whether there may be more rows, or -1.  *last is what the next chunk begins after. */
static int visit_chunk(struct rotation *rotation, const struct sealed_column *column,
                       struct pg_rows *last, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    const char *project = nil, *row = column->by_project ? nil : "";
    if (last->row_count > 0) {
        project = pg_rows_string(last, last->row_count - 1, SEALED_LIST_PROJECT_ID);
        row = pg_rows_string(last, last->row_count - 1, SEALED_LIST_ID);
    }
    if (list_chunk(rotation, column, project, row, &rows, err) < 0)
        return -1;
    for (int i = 0; i < rows.row_count; i++) {
        rotation->tally.secrets += pg_rows_boolean(&rows, i, SEALED_LIST_HAS_SECRET);
        if (!pg_rows_is_null(&rows, i, SEALED_LIST_SEALED) &&
            visit_blob(rotation, column, &rows, i, err) < 0)
            return -1;
    }
    show_progress(rotation, column->owner("", "").column);
    bool more = rows.row_count == CHUNK_ROWS;
    pg_rows_release(last);
    *last = rows;
    rows = (struct pg_rows){0};
    return more;
}

static int visit_column(struct rotation *rotation, const struct sealed_column *column,
                        struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows last = {0};
    int more;
    do
        more = visit_chunk(rotation, column, &last, err);
    while (more > 0);
    return more;
}

/* The last pass finds nothing to do: what servers sealed by the old key while the walk was past
 * their rows is found as well. */
static int visit_all(struct rotation *rotation, struct error *err)
{
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        rotation->tally = (struct tally){0};
        for (size_t i = 0; i < sealed_column_count; i++) {
            if (visit_column(rotation, &sealed_columns[i], err) < 0)
                return -1;
        }
        rotation->resealed += rotation->tally.resealed;
        if (rotation->tally.resealed == 0 && rotation->tally.overtaken == 0)
            break;
    }
    return 0;
}

/* What has to be re-sealed still, by the last pass. */
static int64_t left_of(const struct rotation *rotation)
{
    return rotation->tally.stale - rotation->tally.resealed;
}

static void show(const struct rotation *rotation)
{
    struct keyring_id ids[KEYRING_KEYS_MAX];
    bool removable = left_of(rotation) == 0 && rotation->tally.resealed == 0;
    SCOPED(report_release) struct report report;
    keyring_ids(rotation->keyring, ids);
    report_init(&report, columns, sizeof(columns) / sizeof(columns[0]));
    report_add_text(&report, ids[0].digits);
    report_add_number(&report, rotation->tally.secrets);
    report_add_number(&report, rotation->resealed);
    report_add_number(&report, left_of(rotation));
    report_add_number(&report, rotation->tally.without_key);
    report_add_number(&report, rotation->tally.damaged);
    report_add_flag(&report, removable);
    report_write_one(&report, rotation->cli->json);
}

/* What is left and can be re-sealed is no failure of --check: that is what is asked. */
static int judge(const struct rotation *rotation, struct error *err)
{
    const struct tally *tally = &rotation->tally;
    if (tally->without_key > 0)
        return error_set(err, ERROR_SECRET_KEY,
                         "%lld secrets are sealed by keys that are not in the key file: add their "
                         "lines",
                         (long long)tally->without_key);
    if (tally->damaged > 0)
        return error_set(err, ERROR_SECRET, "%lld secrets are damaged", (long long)tally->damaged);
    if (rotation->only_count || (left_of(rotation) == 0 && tally->resealed == 0))
        return 0;
    return error_set(err, ERROR_SECRET,
                     "secrets are left that the first key does not seal: keep the other keys, and "
                     "run it again");
}

int command_secret_rotate(struct cli *cli, struct error *err)
{
    SCOPED(keyring_cleanup) struct keyring *keyring = NULL;
    if (sealing_load(cli->config, &keyring, err) < 0)
        return -1;
    struct rotation rotation = {
        .cli = cli,
        .keyring = keyring,
        .only_count = arguments_have(cli->arguments, OPTION_CHECK),
        .shown_ms = clock_monotonic_ms(),
    };
    if (visit_all(&rotation, err) < 0)
        return -1;
    show(&rotation);
    return judge(&rotation, err);
}
