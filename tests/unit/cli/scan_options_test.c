/* The options of a scan: what they become, and what is refused. */
#include "scan_options.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { WORDS_MAX = 12 };

struct parsed {
    struct arguments arguments;
    struct scan_options options;
    struct error err;
};

/* The first word is the URL. */
static int parse(struct parsed *parsed, const char *const *words)
{
    static const struct config config = {
        .scan_profile = "gentle",
        .scan_batch_keys = 1000,
        .expired_batch_keys = 100,
        .scan_timeout_seconds = 21600,
        .scan_nodes_at_once = 4,
    };
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "dcsctl"};
    int argc = 1;
    for (; *words; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    *parsed = (struct parsed){0};
    assert_int_equal(arguments_parse(argc, argv, &parsed->arguments, &parsed->err), 0);
    struct cli cli = {
        .config = &config, .arguments = &parsed->arguments, .word = parsed->arguments.words[0]};
    return scan_options_init(&parsed->options, &cli, &parsed->err);
}

static void test_defaults(void **state)
{
    (void)state;
    static struct parsed parsed;
    const char *const words[] = {"rediss://h:1/7", NULL};
    unsetenv("REDISCLI_AUTH");
    assert_int_equal(parse(&parsed, words), 0);
    const struct scan_request *request = &parsed.options.request;
    assert_int_equal(request->kind->id, SCAN_KIND_BIGKEY);
    assert_int_equal(request->profile, SCAN_GENTLE);
    assert_int_equal(request->batch_keys, 1000);
    assert_int_equal(request->timeout_ms, 21600000);
    assert_int_equal(request->nodes_at_once, 4);
    assert_int_equal(*request->database, 7);
    assert_true(request->target.tls);
    assert_null(request->target.password);
    assert_int_equal(parsed.options.limit, 20);
    scan_options_release(&parsed.options);
}

static void test_given(void **state)
{
    (void)state;
    static struct parsed parsed;
    const char *const words[] = {"redis://ann@h",  "--kind=expired",
                                 "--profile=fast", "--batch-keys=20000",
                                 "--timeout=1",    "--nodes-at-once=64",
                                 "--endpoint=a:1", "--endpoint=b:2",
                                 "--limit=1000",   NULL};
    setenv("REDISCLI_AUTH", "s3cret", 1);
    assert_int_equal(parse(&parsed, words), 0);
    const struct scan_request *request = &parsed.options.request;
    assert_int_equal(request->kind->id, SCAN_KIND_EXPIRED);
    assert_int_equal(request->profile, SCAN_FAST);
    assert_int_equal(request->batch_keys, 20000);
    assert_int_equal(request->timeout_ms, 1000);
    assert_int_equal(request->nodes_at_once, 64);
    assert_null(request->database);
    assert_string_equal(request->target.username, "ann");
    assert_string_equal(request->target.password, "s3cret");
    assert_int_equal(parsed.options.endpoint_count, 2);
    assert_string_equal(parsed.options.endpoints[1].host, "b");
    scan_options_release(&parsed.options);
    assert_string_equal(parsed.options.password, "");
    unsetenv("REDISCLI_AUTH");
}

static void test_analysis(void **state)
{
    (void)state;
    static struct parsed parsed;
    const char *const words[] = {"redis://h",
                                 "--kind=analysis",
                                 "--measures=usage,ttl",
                                 "--separators=:/",
                                 "--prefix-depth=3",
                                 "--top=7",
                                 NULL};
    assert_int_equal(parse(&parsed, words), 0);
    const struct scan_analysis_options *analysis = parsed.options.request.analysis;
    assert_int_equal(analysis->measures, ANALYSIS_BIT(ANALYSIS_USAGE) | ANALYSIS_BIT(ANALYSIS_TTL));
    assert_string_equal(analysis->separators, ":/");
    assert_int_equal(analysis->prefix_depth, 3);
    assert_int_equal(analysis->top, 7);
    scan_options_release(&parsed.options);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *text; /* a part */
    } cases[] = {
        {{"h:1"}, "URL: it must begin with redis://"},
        {{"redis://u:hush@h"}, "--password-file FILE, --ask-password or"},
        {{"redis://h", "--kind=big"},
         "--kind must be bigkey, hotkey, expired or analysis, not 'big'"},
        {{"redis://h", "--profile=slow"}, "gentle, balanced or fast, not 'slow'"},
        {{"redis://h", "--batch-keys=9"}, "--batch-keys must be a whole number from 10 to 5000"},
        {{"redis://h", "--batch-keys=5001"}, "from 10 to 5000"},
        {{"redis://h", "--kind=expired", "--batch-keys=20001"}, "from 10 to 20000"},
        {{"redis://h", "--timeout=0"}, "--timeout must be a whole number from 1 to 604800"},
        {{"redis://h", "--nodes-at-once=65"},
         "--nodes-at-once must be a whole number from 1 to 64"},
        {{"redis://h", "--limit=x"}, "--limit must be a whole number from 1 to 1000"},
        {{"redis://h", "--endpoint=x"}, "'x' is not HOST:PORT"},
        {{"redis://h", "--tls-ca=x"}, "TLS options need a rediss:// URL"},
        {{"redis://h", "--tls-server-name=x"}, "TLS options need a rediss:// URL"},
        {{"redis://h", "--client-certificate=x"}, "TLS options need a rediss:// URL"},
        {{"rediss://h", "--client-certificate=x"}, "come together"},
        {{"rediss://h", "--client-key-file=x"}, "come together"},
        {{"redis://h", "--address-map=a:1"}, "a:1"},
        {{"redis://h", "--bytes", "--kind=hotkey"}, "--bytes needs --kind bigkey"},
        {{"redis://h", "--top=5"}, "--top needs --kind analysis"},
        {{"redis://h", "--measures=ttl"}, "--measures needs --kind analysis"},
        {{"redis://h", "--kind=analysis", "--measures=ttl,size"}, "not 'ttl,size'"},
        {{"redis://h", "--kind=analysis", "--separators=ab"}, "different ASCII punctuation"},
        {{"redis://h", "--kind=analysis", "--prefix-depth=17"}, "from 1 to 16"},
        {{"redis://h", "--kind=analysis", "--top=10001"}, "from 1 to 10000"},
        {{"redis://h", "--hotkeys-command"}, "--hotkeys-command needs --kind hotkey"},
        {{"redis://h/3", "--hotkeys-command", "--kind=hotkey"}, "leave /3 out of the URL"},
        {{"redis://u@h", "--user=v"}, "the URL names a user, and --user as well"},
        {{"redis://u@h"}, "a user needs a password"},
        {{"redis://h", "--user=v"}, "a user needs a password"},
        {{"redis://h", "--password-file=f", "--ask-password"}, "exclude each other"},
    };
    static struct parsed parsed;
    unsetenv("REDISCLI_AUTH");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(&parsed, cases[i].words), -1);
        assert_int_equal(parsed.err.code, ERROR_INVALID_PARAMETER);
        if (!strstr(parsed.err.text, cases[i].text) || strstr(parsed.err.text, "hush"))
            fail_msg("'%s' is not: %s", parsed.err.text, cases[i].text);
        scan_options_release(&parsed.options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_analysis),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
