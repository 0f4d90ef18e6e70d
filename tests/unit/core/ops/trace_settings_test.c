/* The settings of traces: what is taken, what is refused and by which words, and that no refusal
 * tells what is in a file of secrets. */
#include "trace_settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export_batch.h"
#include "unit.h"

static struct config config_of(const char *endpoint, const char *resource)
{
    static struct config empty;
    struct config config = empty;
    snprintf(config.trace_endpoint, sizeof(config.trace_endpoint), "%s", endpoint);
    snprintf(config.trace_resource, sizeof(config.trace_resource), "%s", resource);
    snprintf(config.trace_sample_ratio, sizeof(config.trace_sample_ratio), "0.5");
    config.trace_timeout_ms = 1000;
    return config;
}

static struct trace_settings *load(const struct config *config)
{
    struct trace_settings *settings = NULL;
    struct error err = {0};
    assert_int_equal(trace_settings_load(config, "program", "host:1", &settings, &err), 0);
    return settings;
}

static void assert_refused(const struct config *config, const char *words)
{
    struct trace_settings *settings = NULL;
    struct error err = {0};
    assert_int_equal(trace_settings_load(config, "program", "host:1", &settings, &err), -1);
    assert_null(settings);
    if (!strstr(err.text, words))
        assert_string_equal(err.text, words);
}

static void test_off(void **state)
{
    (void)state;
    struct config config = config_of("", "nonsense");
    assert_null(load(&config));
}

static void test_endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint, *url;
    } cases[] = {
        {"http://localhost:4318", "http://localhost:4318/v1/traces"},
        {"https://collector.example.org/", "https://collector.example.org/v1/traces"},
        {"https://[::1]:4318/otlp//", "https://[::1]:4318/otlp/v1/traces"},
    };
    static const char *const wrong[] = {
        "localhost:4318",         "grpc://localhost:4317", "http://",
        "https://user@collector", "https://collector?a=b", "https://collector#x"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config config = config_of(cases[i].endpoint, "");
        struct trace_settings *settings = load(&config);
        assert_string_equal(settings->url, cases[i].url);
        assert_int_equal(settings->ratio.threshold, UINT64_C(1) << 55);
        trace_settings_free(settings);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct config config = config_of(wrong[i], "");
        assert_refused(&config, "trace_endpoint: ");
    }
}

static void test_wrong(void **state)
{
    (void)state;
    struct config config = config_of("http://localhost", "");
    snprintf(config.trace_sample_ratio, sizeof(config.trace_sample_ratio), "1.5");
    assert_refused(&config, "trace_sample_ratio: ");
    config = config_of("http://localhost", "");
    snprintf(config.trace_ca, sizeof(config.trace_ca), "/dev/null");
    assert_refused(&config, "trace_ca: no certificates in '/dev/null'");
    config = config_of("http://localhost", "");
    snprintf(config.trace_headers_file, sizeof(config.trace_headers_file), "/nowhere/at/all");
    assert_refused(&config, "trace_headers_file: /nowhere/at/all: ");
}

static void assert_attribute(const struct trace_settings *settings, int place, const char *name,
                             const char *value)
{
    assert_string_equal(settings->resource[place].name, name);
    assert_string_equal(settings->resource[place].value, value);
}

static void test_resource(void **state)
{
    (void)state;
    struct config config = config_of(
        "http://localhost", "deployment.environment.name=test, a = b c ,service.name=cache=1");
    struct trace_settings *settings = load(&config);
    assert_int_equal(settings->resource_count, 5);
    assert_attribute(settings, 0, "service.name", "cache=1");
    assert_attribute(settings, 1, "service.version", DCS_VERSION);
    assert_attribute(settings, 2, "service.instance.id", "host:1");
    assert_attribute(settings, 3, "deployment.environment.name", "test");
    assert_attribute(settings, 4, "a", "b c");
    trace_settings_free(settings);
    static const char *const wrong[] = {
        "a",        "=b",
        "a=",       "a b=c",
        "a=b,,c=d", "a=b,=",
        ",",        "a=\x01",
        "a=\xff",   "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        config = config_of("http://localhost", wrong[i]);
        assert_refused(&config, "trace_resource: entry ");
    }
}

static int read_headers(const char *content, mode_t mode, struct trace_headers *headers,
                        struct error *err)
{
    char path[64];
    int file = memfd_create("headers", MFD_CLOEXEC);
    assert_true(file >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    assert_int_equal(write(file, content, strlen(content)), (ssize_t)strlen(content));
    assert_int_equal(fchmod(file, mode), 0);
    *err = (struct error){0};
    int status = trace_headers_read(path, headers, err);
    close(file);
    return status;
}

static void test_headers(void **state)
{
    (void)state;
    struct trace_headers headers = {0};
    struct error err;
    assert_int_equal(
        read_headers("Authorization: Bearer s3cret\r\n\n  \nX-Scope: a:b", 0640, &headers, &err),
        0);
    assert_int_equal(headers.count, 2);
    assert_string_equal(headers.lines[0], "Authorization: Bearer s3cret");
    assert_string_equal(headers.lines[1], "X-Scope: a:b");
    trace_headers_release(&headers);
    for (size_t i = 0; i < sizeof(headers.content); i++)
        assert_int_equal(headers.content[i], 0);
    assert_int_equal(read_headers("", 0600, &headers, &err), 0);
    assert_int_equal(headers.count, 0);
}

static void test_wrong_headers(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "s3cret",
        "Authorization s3cret",
        ": s3cret",
        "A: x\ns3cret",
        "Author ization: s3cret",
        "Authorization: s3cret\x01",
        "Authorization:",
        "Authorization: \t ",
        "Authorization: s3c\rret",
        "A: 1\nB: 1\nC: 1\nD: 1\nE: 1\nF: 1\nG: 1\nH: 1\nI: s3cret",
    };
    struct trace_headers headers = {0};
    struct error err;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (read_headers(wrong[i], 0600, &headers, &err) == 0)
            assert_string_equal(wrong[i], "no headers");
        assert_non_null(strstr(err.text, ": line "));
        assert_null(strstr(err.text, "s3c"));
        trace_headers_release(&headers);
    }
    assert_int_equal(read_headers("A: s3cret", 0644, &headers, &err), -1);
    assert_non_null(strstr(err.text, "others cannot read"));
    trace_headers_release(&headers);
}

static void test_batch(void **state)
{
    (void)state;
    struct config config = config_of("http://localhost", "");
    struct trace_settings *settings = load(&config);
    const struct trace trace = {.id = "1", .span = "2", .sampled = true};
    struct export_batch batch = {0};
    struct span span;
    span_init(&span, &trace, "n", SPAN_INTERNAL, 0);
    for (int round = 1; round <= 2; round++) {
        export_batch_begin(&batch, settings);
        export_batch_add(&batch, &span, 0);
        export_batch_end(&batch);
        assert_int_equal(batch.count, 1);
        assert_string_equal(
            batch.json.text,
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
            "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"program\"}},"
            "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"" DCS_VERSION "\"}},"
            "{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"host:1\"}}]},"
            "\"scopeSpans\":[{\"scope\":{\"name\":\"dcs\",\"version\":\"" DCS_VERSION "\"},"
            "\"spans\":[{\"traceId\":\"1\",\"spanId\":\"2\",\"flags\":257,\"name\":\"n\","
            "\"kind\":1,\"startTimeUnixNano\":\"0\",\"endTimeUnixNano\":\"0\","
            "\"attributes\":[]}]}]}]}");
    }
    export_batch_release(&batch);
    trace_settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),     cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_wrong),   cmocka_unit_test(test_resource),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
