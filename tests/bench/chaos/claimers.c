/* Many claimers at once, each a thread with a session of its own, until no task is left to claim:
 *
 *     dcs_claimers THREADS LEASE_SECONDS ATTEMPTS_MAX   the ids claimed, a line each, then `#
 * CLAIMS FIRST_MS LAST_MS`, times since 1970 dcs_claimers                                      the
 * statement itself
 *
 * on DCS_DATABASE_URL.  Nothing is scanned: what is measured is the worker's statement over the
 * worker's kind of session.  An answer without a task ends a claimer only after many of them, as a
 * claim may find nothing while others hold what is left. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/scope.h"
#include "base/text.h"
#include "model/scan_task_store.h"
#include "pg/session.h"

enum {
    THREADS_MAX = 256,
    EMPTY_MAX = 20,
    CONNECT_ATTEMPTS_MAX = 30,
    ID_LENGTH = 36,
    STATEMENT_TIMEOUT_MS = 60000
};

struct claimer {
    pthread_t thread;
    char owner[32];
    struct pg_session *session;
    char (*ids)[ID_LENGTH + 1];
    size_t count, room;
    struct error err;
};

static pthread_barrier_t ready;
static int64_t lease_seconds, attempts_max;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note(struct claimer *claimer, const struct pg_rows *rows)
{
    if (claimer->count == claimer->room) {
        claimer->room = claimer->room ? claimer->room * 2 : 1024;
        claimer->ids = realloc(claimer->ids, claimer->room * sizeof(*claimer->ids));
        if (!claimer->ids)
            abort();
    }
    snprintf(claimer->ids[claimer->count++], sizeof(*claimer->ids), "%s",
             pg_rows_string(rows, 0, SCAN_TASK_CLAIM_ID));
}

/* Returns whether there was a task; -1 is an error. */
static int claim(struct claimer *claimer)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    char kinds[SCAN_KIND_NAMES_MAX + 1];
    scan_kind_write_names(kinds);
    pg_parameters_init(&parameters);
    pg_parameters_add_reference(&parameters, claimer->owner);
    pg_parameters_add_integer(&parameters, lease_seconds);
    pg_parameters_add_integer(&parameters, attempts_max);
    pg_parameters_add_integer(&parameters, 0); /* no quota */
    pg_parameters_add_reference(&parameters, kinds);
    if (pg_session_execute(claimer->session, &scan_task_claim, &parameters, &rows, &claimer->err) <
        0)
        return -1;
    if (rows.row_count > 0)
        note(claimer, &rows);
    return rows.row_count > 0;
}

/* All connect at once: on a busy machine some of them have to try again. */
static int connect_claimer(struct claimer *claimer)
{
    int status = -1;
    for (int attempt = 0; status < 0 && attempt < CONNECT_ATTEMPTS_MAX; attempt++) {
        error_clear(&claimer->err);
        status = pg_session_connect(claimer->session, &claimer->err);
    }
    return status;
}

static void *run(void *argument)
{
    struct claimer *claimer = argument;
    int status = connect_claimer(claimer);
    pthread_barrier_wait(&ready);
    for (int empty = 0; status >= 0 && empty < EMPTY_MAX;) {
        status = claim(claimer);
        empty = status == 0 ? empty + 1 : 0;
    }
    return NULL;
}

static int64_t number_of(const char *word)
{
    int64_t number;
    if (text_parse_integer((struct text){word, strlen(word)}, &number) < 0 || number < 1) {
        fprintf(stderr, "not a number above 0: %s\n", word);
        abort();
    }
    return number;
}

static int report(struct claimer *claimers, int count, double first_ms, double last_ms)
{
    size_t claims = 0;
    int status = 0;
    for (int i = 0; i < count; i++) {
        for (size_t n = 0; n < claimers[i].count; n++)
            puts(claimers[i].ids[n]);
        claims += claimers[i].count;
        if (claimers[i].err.code != ERROR_NONE) {
            fprintf(stderr, "%s: %s\n", claimers[i].owner, claimers[i].err.text);
            status = 1;
        }
        pg_session_free(claimers[i].session);
        free(claimers[i].ids);
    }
    printf("# %zu %.3f %.3f\n", claims, first_ms, last_ms);
    return status;
}

int main(int argc, char **argv)
{
    static struct claimer claimers[THREADS_MAX];
    const char *url = getenv("DCS_DATABASE_URL");
    if (argc == 1) {
        puts(scan_task_claim.sql);
        return 0;
    }
    if (argc != 4 || !url || number_of(argv[1]) > THREADS_MAX) {
        fputs("usage: dcs_claimers [THREADS LEASE_SECONDS ATTEMPTS_MAX]\n", stderr);
        return 2;
    }
    int count = (int)number_of(argv[1]);
    lease_seconds = number_of(argv[2]);
    attempts_max = number_of(argv[3]);
    pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        snprintf(claimers[i].owner, sizeof(claimers[i].owner), "claimer-%d", i + 1);
        claimers[i].session =
            pg_session_new(&(struct pg_login){.uri = url}, "dcs_claimers", STATEMENT_TIMEOUT_MS);
        if (pthread_create(&claimers[i].thread, NULL, run, &claimers[i]) != 0)
            abort();
    }
    pthread_barrier_wait(&ready);
    double first_ms = now_ms();
    for (int i = 0; i < count; i++)
        pthread_join(claimers[i].thread, NULL);
    double last_ms = now_ms();
    pthread_barrier_destroy(&ready);
    return report(claimers, count, first_ms, last_ms);
}
