/* dcsctl rdb analyze: the engine of offline analyses on one dump, for one person, without a
 * database and without a server. */
#include <stdio.h>
#include <string.h>

#include "analysis_form.h"
#include "base/clock.h"
#include "command.h"
#include "interrupt.h"
#include "offline/offline_insight.h"
#include "progress.h"
#include "rdb_input.h"
#include "rdb_part.h"
#include "scan_analysis.h"

enum { MS_OF_S = 1000, TENTH_MS = 100, END_MARK_LENGTH = 40 };

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

struct form {
    struct scan_analysis_options options;
    enum format format;
    const struct analysis_part *part; /* null: all of it */
    int rows;
    bool wants_progress;
};

/* A dump while it is read. */
struct run {
    const char *path;
    struct rdb_file *input;
    struct rdb_reader *reader;
    struct offline_insight *insight;
    struct progress progress;
    int64_t ms;
};

static int read_format(const struct cli *cli, enum format *ret_format, struct error *err)
{
    static const char *const names[] = {
        [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
    const char *name = arguments_value(cli->arguments, OPTION_FORMAT);
    int format = 0;
    while (name && format <= FORMAT_CSV && strcmp(names[format], name) != 0)
        format++;
    if (format > FORMAT_CSV)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--format must be table, json or csv, not '%s'", name);
    if (cli->json && name && format != FORMAT_JSON)
        return error_set(err, ERROR_INVALID_PARAMETER, "--json is --format json, not %s", name);
    *ret_format = cli->json ? FORMAT_JSON : (enum format)format;
    return 0;
}

static int read_part(const struct cli *cli, struct form *form, struct error *err)
{
    const char *name = arguments_value(cli->arguments, OPTION_PART);
    if (!name) {
        form->part = form->format == FORMAT_CSV ? &analysis_parts[0] : NULL;
        return 0;
    }
    if (form->format == FORMAT_TABLE)
        return error_set(err, ERROR_INVALID_PARAMETER, "--part needs --format csv or json");
    form->part = analysis_part_find(text_of(name));
    if (!form->part)
        return error_set(err, ERROR_INVALID_PARAMETER, "--part: there is none of the name '%s'",
                         name);
    return 0;
}

static int read_form(const struct cli *cli, struct form *form, struct error *err)
{
    *form = (struct form){.wants_progress = !arguments_have(cli->arguments, OPTION_NO_PROGRESS)};
    analysis_options_init(&form->options);
    if (analysis_form_read(cli->arguments, &form->options, err) < 0 ||
        analysis_form_read_rows(cli->arguments, &form->rows, err) < 0 ||
        read_format(cli, &form->format, err) < 0)
        return -1;
    return read_part(cli, form, err);
}

/* Of all keys as many are left as of the bytes, where the dump does not announce them. */
static int64_t estimate_keys(const struct run *run, int64_t keys)
{
    int64_t announced = rdb_reader_facts(run->reader)->keys_announced;
    int64_t size = rdb_file_size(run->input), position = rdb_file_position(run->input);
    if (announced > 0 || size == 0 || position == 0)
        return announced > keys ? announced : keys;
    return (int64_t)((double)keys * (double)size / (double)position);
}

static void tell(struct run *run)
{
    int64_t keys = offline_insight_keys(run->insight);
    if (run->progress.shown && keys > 0)
        progress_take(&run->progress, keys, estimate_keys(run, keys), 0);
}

/* Between any two reads: a value may be long. */
static ssize_t read_input(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct run *run = argument;
    tell(run);
    return rdb_input_read(run->input, ret_bytes, most, err);
}

static int read_keys(struct run *run, struct error *err)
{
    const struct rdb_facts *facts = rdb_reader_facts(run->reader);
    struct rdb_key key;
    int status;
    while ((status = rdb_reader_next(run->reader, &key, err)) > 0) {
        if (offline_insight_add(run->insight, &key, facts, err) < 0)
            return -1;
    }
    return status;
}

/* What follows an RDB is none of it: an append-only file goes on with commands, say.  The mark that
 * ends what a server streams may be there, as redis-cli leaves it (END_MARK_LENGTH bytes). */
static void note_rest(struct run *run)
{
    struct error ignored = {0};
    char bytes[END_MARK_LENGTH + 1];
    int64_t rest = rdb_file_given(run->input) - rdb_reader_offset(run->reader);
    ssize_t more = 1;
    while (more > 0 && rest <= END_MARK_LENGTH) {
        more = rdb_input_read(run->input, bytes, sizeof(bytes), &ignored);
        rest += more > 0 ? more : 0;
    }
    if (rest > 0 && rest != END_MARK_LENGTH)
        fprintf(stderr, "dcsctl: %s goes on behind the dump, and that was not read\n", run->path);
}

static void say_how_far(const struct run *run, struct error *err)
{
    char keys[PROGRESS_COUNT_MAX + 1];
    progress_format_count(offline_insight_keys(run->insight), keys);
    error_clear(err);
    error_set(err, ERROR_SCAN_CANCELLED, "interrupted: %s keys read, nothing is reported", keys);
}

static int analyse(struct run *run, bool wants_progress, struct error *err)
{
    int64_t started = clock_monotonic_ms();
    progress_begin(&run->progress, wants_progress);
    int status = read_keys(run, err);
    progress_end(&run->progress);
    run->ms = clock_monotonic_ms() - started;
    if (status < 0 && err->code == ERROR_SCAN_CANCELLED)
        say_how_far(run, err);
    else if (status < 0)
        error_prefix(err, "%s", run->path);
    return status;
}

static void write_summary(const struct run *run)
{
    const struct rdb_facts *facts = rdb_reader_facts(run->reader);
    int64_t keys = offline_insight_keys(run->insight), ms = run->ms > 0 ? run->ms : 1;
    char count[PROGRESS_COUNT_MAX + 1], rate[PROGRESS_COUNT_MAX + 1];
    progress_format_count(keys, count);
    progress_format_count((int64_t)((double)keys * MS_OF_S / (double)ms), rate);
    printf("%s%s%s, RDB version %d: %s keys read in %lld.%lld s, %s keys/s.\n"
           "Bytes are estimates of what values take in memory.\n",
           facts->valkey ? "Valkey" : "Redis", facts->server_version[0] ? " " : "",
           facts->server_version, facts->rdb_version, count, (long long)(run->ms / MS_OF_S),
           (long long)(run->ms % MS_OF_S / TENTH_MS), rate);
}

static int write_result(const struct run *run, const struct form *form, struct error *err)
{
    struct json_writer json;
    int status = 0;
    json_writer_init(&json);
    offline_insight_write(run->insight, rdb_reader_facts(run->reader), &json);
    const struct text document = {json.text, json.length};
    if (form->part)
        status = rdb_part_write(document, form->part, form->format == FORMAT_CSV, err);
    else if (form->format == FORMAT_JSON)
        printf("%s\n", json.text);
    else
        status = scan_analysis_write(document, (size_t)form->rows, err);
    if (status == 0 && form->format == FORMAT_TABLE)
        write_summary(run);
    json_writer_release(&json);
    return status;
}

int command_rdb_analyze(struct cli *cli, struct error *err)
{
    struct form form;
    struct run run = {.path = strcmp(cli->word, "-") == 0 ? "standard input" : cli->word};
    if (read_form(cli, &form, err) < 0)
        return -1;
    if (rdb_input_open(cli->word, &run.input, err) < 0)
        return error_prefix(err, "%s", run.path);
    interrupt_listen();
    const struct rdb_source source = {read_input, &run};
    const char *allocator = arguments_value(cli->arguments, OPTION_ALLOCATOR);
    run.reader = rdb_reader_new(&source);
    if (allocator)
        rdb_reader_set_allocator(run.reader, allocator);
    run.insight = offline_insight_new(&form.options, "backup", rdb_file_time_ms(run.input));
    int status = analyse(&run, form.wants_progress, err);
    if (status == 0)
        status = write_result(&run, &form, err);
    if (status == 0)
        note_rest(&run);
    offline_insight_free(run.insight);
    rdb_reader_free(run.reader);
    rdb_file_free(run.input);
    return status;
}
