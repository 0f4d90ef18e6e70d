/* dcsctl scan: the workers' engine on one server, for one person, without a database. */
#include "scan/scan.h"

#include "base/scope.h"
#include "interrupt.h"
#include "progress.h"
#include "scan_report.h"

/* A scan while it runs; its functions are called on the thread that called scan_run. */
static bool is_stopped(void *argument)
{
    progress_tick(argument);
    return interrupt_has_come();
}

static void on_progress(void *argument, const struct scan_progress *progress)
{
    progress_take(argument, progress->keys_seen, progress->keys_total,
                  scan_progress_pauses(progress));
}

static int ask(void *argument, struct error *err)
{
    (void)argument;
    return interrupt_has_come() ? error_set(err, ERROR_SCAN_CANCELLED, "interrupted") : 0;
}

static void say_how_far(const struct progress *progress, struct error *err)
{
    char seen[PROGRESS_COUNT_MAX + 1], total[PROGRESS_COUNT_MAX + 1];
    progress_format_count(progress->numbers.keys_seen, seen);
    progress_format_count(progress->numbers.keys_total, total);
    error_clear(err);
    error_set(err, ERROR_SCAN_CANCELLED, "interrupted: %s of %s keys seen, nothing is reported",
              seen, total);
}

static int run(struct scan_options *options, bool wants_progress, struct scan_outcome *ret_outcome,
               struct error *err)
{
    struct progress progress;
    progress_begin(&progress, wants_progress);
    options->request.stopped = is_stopped;
    options->request.stopped_argument = &progress;
    options->request.progress = on_progress;
    options->request.progress_argument = &progress;
    int status = scan_run(&options->request, ret_outcome, err);
    progress_end(&progress);
    if (status < 0 && err->code == ERROR_SCAN_CANCELLED)
        say_how_far(&progress, err);
    return status;
}

int command_scan(struct cli *cli, struct error *err)
{
    SCOPED(scan_options_release) struct scan_options options = {0};
    struct redis_interrupt interrupt = {ask, NULL};
    struct scan_target target;
    struct scan_outcome outcome = {0};
    interrupt_listen();
    if (scan_options_init(&options, cli, err) < 0 ||
        scan_target_find(&options, interrupt, &target, err) < 0 ||
        run(&options, !arguments_have(cli->arguments, OPTION_NO_PROGRESS), &outcome, err) < 0)
        return -1;
    int status = scan_report_write(&options, &target, &outcome, cli->json, err);
    scan_outcome_release(&outcome);
    return status;
}
