/* Settings: which source wins, and that what is not in the table is refused by name. */
#include "base/config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

enum { WORDS_MAX = 8 };

static int load(struct config *config, char *const *words, char *const *environment,
                bool words_allowed, struct error *err, int *ret_left)
{
    static char program[] = "program";
    char *argv[WORDS_MAX + 2] = {program};
    int argc = 1;
    for (; words && words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    char *nothing[] = {NULL};
    *err = (struct error){0};
    int status =
        config_load(config, &argc, argv, environment ? (char **)(uintptr_t)environment : nothing,
                    words_allowed, err);
    *ret_left = argc;
    return status;
}

/* A file that is in memory only; the caller closes the descriptor. */
static int file_of(const char *content, size_t length, char ret_path[64])
{
    int file = memfd_create("config", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, content, length), (ssize_t)length);
    snprintf(ret_path, 64, "/proc/self/fd/%d", file);
    return file;
}

#define W(...) ((char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
/* Words of argv are not const; these are never written to. */
#define V(literal) ((char[]){literal})

static void test_defaults(void **state)
{
    (void)state;
    struct config config;
    struct error err;
    int left;
    assert_int_equal(load(&config, NULL, NULL, false, &err, &left), 0);
    assert_string_equal(config.listen_https, "0.0.0.0:8443");
    assert_string_equal(config.database_url, "");
    assert_int_equal(config.scan_threads, 4);
    assert_int_equal(config.signature_window_seconds, 900);
}

/* The last source that says something. */
static void test_sources(void **state)
{
    (void)state;
    static const char content[] = "loops = 1\nscan_threads = 5\npoll_seconds = 7\n";
    char path[64], option[80];
    int file = file_of(content, strlen(content), path);
    snprintf(option, sizeof(option), "--config=%s", path);
    char *const environment[] = {V("DCS_SCAN_THREADS=6"), V("DCS_POLL_SECONDS=7"), NULL};
    struct config config;
    struct error err;
    int left;
    assert_int_equal(
        load(&config, W(option, V("--poll-seconds=7")), environment, false, &err, &left), 0);
    assert_int_equal(config.sources[CONFIG_log_level], CONFIG_FROM_DEFAULT);
    assert_int_equal(config.sources[CONFIG_loops], CONFIG_FROM_FILE);
    assert_int_equal(config.sources[CONFIG_scan_threads], CONFIG_FROM_ENVIRONMENT);
    assert_int_equal(config.sources[CONFIG_poll_seconds], CONFIG_FROM_COMMAND_LINE);
    close(file);
}

static void test_modes(void **state)
{
    (void)state;
    char *argv[] = {V("program"), V("--check-config"), V("--loops=1"), V("--print-config"), NULL};
    int argc = 4;
    assert_int_equal(config_take_mode(&argc, argv), CONFIG_MODE_PRINT);
    assert_int_equal(argc, 2);
    assert_string_equal(argv[1], "--loops=1");
    assert_int_equal(config_take_mode(&argc, argv), CONFIG_MODE_RUN);
    assert_int_equal(argc, 2);
}

static void test_precedence(void **state)
{
    (void)state;
    static const char content[] = "# a comment\n\n  scan_threads = 5\r\nworker_name= from file \n"
                                  "log_level=debug";
    char path[64], option[80], variable[80];
    int file = file_of(content, strlen(content), path);
    snprintf(option, sizeof(option), "--config=%s", path);
    snprintf(variable, sizeof(variable), "DCS_CONFIG=%s", path);
    struct config config;
    struct error err;
    int left;

    assert_int_equal(load(&config, W(option), NULL, false, &err, &left), 0);
    assert_int_equal(config.scan_threads, 5);
    assert_string_equal(config.worker_name, "from file");
    assert_string_equal(config.log_level, "debug");

    char *const environment[] = {V("PATH=/bin"), V("DCS_SCAN_THREADS=6"), variable, NULL};
    assert_int_equal(load(&config, NULL, environment, false, &err, &left), 0);
    assert_int_equal(config.scan_threads, 6);
    assert_string_equal(config.worker_name, "from file");

    assert_int_equal(load(&config, W(V("--scan-threads"), V("7"), V("--worker_name=")), environment,
                          false, &err, &left),
                     0);
    assert_int_equal(config.scan_threads, 7);
    assert_string_equal(config.worker_name, "");
    close(file);
}

static void assert_refused(char *const *words, char *const *environment, const char *expected)
{
    struct config config;
    struct error err;
    int left;
    assert_int_equal(load(&config, words, environment, false, &err, &left), -1);
    assert_int_equal(err.code, ERROR_CONFIG);
    if (!strstr(err.text, expected))
        assert_string_equal(err.text, expected);
}

static void test_refused_on_the_command_line(void **state)
{
    (void)state;
    const struct {
        char *words[3];
        const char *reason;
    } cases[] = {
        {{V("--no-such=1")}, "unknown setting 'no_such'"},
        {{V("--no-such"), V("1")}, "unknown setting 'no_such'"},
        {{V("--=1")}, "unknown setting '=1'"},
        {{V("word")}, "unexpected 'word'"},
        {{V("-x")}, "unexpected '-x'"},
        {{V("--scan-threads")}, "--scan-threads needs a value"},
        {{V("--scan-threads=0")}, "scan_threads must be a whole number from 1 to 256"},
        {{V("--scan-threads=257")}, "scan_threads must be a whole number"},
        {{V("--scan-threads=4x")}, "scan_threads must be a whole number"},
        {{V("--scan-threads=")}, "scan_threads must be a whole number"},
        {{V("--scan-threads=99999999999999999999")}, "scan_threads must be a whole number"},
        {{V("--database-url=postgresql://u:hunter2@h/d")}, "database_url is a secret"},
        {{V("--database_url"), V("postgresql://u:hunter2@h/d")}, "database_url is a secret"},
        {{V("--log-level=loud")}, "log_level is one of debug|info|warning|error, not 'loud'"},
        {{V("--log-level=inf")}, "log_level is one of"},
        {{V("--log-level=info|")}, "log_level is one of"},
        {{V("--log-level=")}, "log_level is one of"},
        {{V("--config=/proc/self/no-such-file")}, "No such file"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_refused(cases[i].words, NULL, cases[i].reason);
}

static void test_secret_is_not_repeated(void **state)
{
    (void)state;
    struct config config;
    struct error err;
    int left;
    load(&config, W(V("--database-url=postgresql://u:hunter2@h/d")), NULL, false, &err, &left);
    assert_null(strstr(err.text, "hunter2"));
}

static void test_refused_in_the_environment(void **state)
{
    (void)state;
    static char longest[CONFIG_TEXT_MAX + 64];
    memset(longest, 'x', sizeof(longest) - 1);
    memcpy(longest, "DCS_WORKER_NAME=", strlen("DCS_WORKER_NAME="));
    assert_refused(NULL, W(longest), "worker_name is longer than");
    assert_refused(NULL, W(V("DCS_NO_SUCH=1")), "environment: unknown setting 'no_such'");
    assert_refused(NULL, W(V("DCS_=1")), "environment: unknown setting");
    assert_refused(NULL, W(V("DCS_LOOPS=many")), "environment: loops must be a whole number");
}

static void test_refused_in_the_file(void **state)
{
    (void)state;
    static char longest[4096];
    memset(longest, ' ', sizeof(longest) - 1);
    const struct {
        const char *content, *reason;
    } cases[] = {
        {"loops = 1\nno_such = 1\n", ":2: unknown setting 'no_such'"},
        {"loops\n", ":1: expected 'name = value'"},
        {"= 1\n", ":1: unknown setting ''"},
        {"postgresql://dcs:pw@host/d?host=a\n", ":1: expected the name of a setting"},
        {"Loops = 1\n", ":1: unknown setting 'Loops'"},
        {"\n\nloops = -1\n", ":3: loops must be a whole number"},
        {longest, ":1: line longer than"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[64], option[80];
        int file = file_of(cases[i].content, strlen(cases[i].content), path);
        snprintf(option, sizeof(option), "--config=%s", path);
        assert_refused(W(option), NULL, cases[i].reason);
        close(file);
    }
}

static void test_words_are_kept(void **state)
{
    (void)state;
    struct config config;
    struct error err;
    int left;
    static char program[] = "program";
    char *argv[] = {program,  V("project"), V("--log-level=error"),
                    V("add"), V("--json"),  V("--key-file"),
                    V("/k"),  V("name"),    NULL};
    int argc = 8;
    char *nothing[] = {NULL};
    err = (struct error){0};
    assert_int_equal(config_load(&config, &argc, argv, nothing, true, &err), 0);
    left = argc;
    assert_int_equal(left, 5);
    assert_string_equal(argv[1], "project");
    assert_string_equal(argv[2], "add");
    assert_string_equal(argv[3], "--json");
    assert_string_equal(argv[4], "name");
    assert_string_equal(config.log_level, "error");
    assert_string_equal(config.key_file, "/k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_refused_on_the_command_line),
        cmocka_unit_test(test_secret_is_not_repeated),
        cmocka_unit_test(test_refused_in_the_environment),
        cmocka_unit_test(test_refused_in_the_file),
        cmocka_unit_test(test_words_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
