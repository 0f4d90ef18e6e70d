/* Administration of instances: every member of the body, and the password that never comes back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "model/instance_store.h"

#define CREATE "/projects/{project_id}/instances"
#define UPDATE "/projects/{project_id}/instances/{instance_id}"

static struct keyring *keyring;
static struct api_context context = {.project_instances_max = 12};

/* The one file that a keyring comes from. */
static int load_keyring(void **state)
{
    (void)state;
    char path[] = "/tmp/dcs-key-XXXXXX";
    struct error err = {0};
    int file = mkstemp(path);
    if (file < 0 || dprintf(file, "%064d\n", 7) < 0 || close(file) < 0)
        return -1;
    int status = keyring_load(path, &keyring, &err);
    unlink(path);
    context.keyring = keyring;
    return status;
}

static int free_keyring(void **state)
{
    (void)state;
    keyring_free(keyring);
    return 0;
}

static int bind(enum http_method method, const char *body, struct api_request *request,
                struct pg_parameters *parameters, struct error *err)
{
    *request = (struct api_request){.context = &context, .if_match = TEXT("\"3\"")};
    return fixture_bind(request, fixture_operation(method, method == HTTP_POST ? CREATE : UPDATE),
                        body, parameters, err);
}

static void test_create(void **state)
{
    (void)state;
    struct api_request request;
    struct pg_parameters parameters;
    struct error err;
    assert_int_equal(bind(HTTP_POST,
                          "{\"name\":\"cache\",\"endpoints\":[\"10.0.0.1:6379\",\"[::1]:6380\"],"
                          "\"tls\":true,\"tls_ca\":\"PEM\",\"username\":\"u\",\"password\":\"p\","
                          "\"hotkeys_command\":true,\"scan_profile\":\"fast\","
                          "\"address_map\":\"a=b\",\"backup_directory\":\"shop/a..b\"}",
                          &request, &parameters, &err),
                     0);
    assert_int_equal(parameters.count, instance_insert.parameter_count);
    assert_string_equal(parameters.values[3], "");
    assert_string_equal(parameters.values[4], "single");
    assert_string_equal(parameters.values[5], "10.0.0.1:6379,[::1]:6380");
    assert_string_equal(parameters.values[6], "t");
    assert_null(parameters.values[8]);
    assert_int_equal(strlen(parameters.values[10]), 2 + 2 * (1 + SECRET_OVERHEAD));
    assert_string_equal(parameters.values[11], "t");
    assert_string_equal(parameters.values[12], "fast");
    assert_string_equal(parameters.values[13], "a=b");
    assert_null(parameters.values[14]);
    assert_null(parameters.values[15]);
    assert_null(parameters.values[16]);
    assert_string_equal(parameters.values[17], "shop/a..b");
    assert_string_equal(parameters.values[18], "12");
    api_request_release(&request);
}

static void test_update_and_the_password(void **state)
{
    (void)state;
    static const struct {
        const char *body, *keep, *keep_certificate;
        bool sealed;
    } cases[] = {
        {"{\"name\":\"a\",\"endpoints\":[\"a:1\"]}", "t", "t", false},
        {"{\"name\":\"a\",\"endpoints\":[\"a:1\"],\"username\":\"u\"}", "t", "t", false},
        {"{\"name\":\"a\",\"endpoints\":[\"a:1\"],\"password\":null}", "f", "t", false},
        {"{\"name\":\"a\",\"endpoints\":[\"a:1\"],\"password\":\"p\"}", "f", "t", true},
        {"{\"name\":\"a\",\"endpoints\":[\"a:1\"],\"tls_key\":null}", "t", "f", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(bind(HTTP_PUT, cases[i].body, &request, &parameters, &err), 0);
        assert_int_equal(parameters.count, instance_update.parameter_count);
        assert_int_equal(parameters.values[10] != NULL, cases[i].sealed);
        assert_null(parameters.values[17]);
        assert_string_equal(parameters.values[18], cases[i].keep);
        assert_string_equal(parameters.values[19], cases[i].keep_certificate);
        assert_string_equal(parameters.values[20], "3");
        api_request_release(&request);
    }
}

static void test_refused(void **state)
{
    (void)state;
#define WITH(members) "{\"name\":\"a\",\"endpoints\":[\"a:1\"]," members "}"
    static const char *const cases[][2] = {
        {"{\"endpoints\":[\"a:1\"]}", "name"},
        {"{\"name\":\"a\"}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":[]}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":\"a:1\"}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":[1]}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":[\"a\"]}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":[\"a:0\"]}", "endpoints"},
        {"{\"name\":\"a\",\"endpoints\":[\"a:1,b:2\"]}", "endpoints"},
        {WITH("\"cache_mode\":\"sharded\""), "cache_mode"},
        {WITH("\"tls\":\"yes\""), "tls"},
        {WITH("\"tls_ca\":\"x\""), "tls_ca"},
        {WITH("\"tls_server_name\":\"x\""), "tls_server_name"},
        {WITH("\"username\":\"u\""), "username"},
        {WITH("\"password\":\"\""), "password"},
        {WITH("\"password\":5"), "password"},
        {WITH("\"description\":7"), "description"},
        {WITH("\"hotkeys_command\":1"), "hotkeys_command"},
        {WITH("\"scan_profile\":\"furious\""), "scan_profile"},
        {WITH("\"scan_profile\":1"), "scan_profile"},
        {WITH("\"address_map\":\"a:1=b\""), "address_map"},
        {WITH("\"address_map\":\"a=b,a=c\""), "address_map"},
        {WITH("\"sentinel_master\":\"m\""), "sentinel_master"},
        {WITH("\"cache_mode\":\"ha\",\"sentinel_master\":\"a b\""), "sentinel_master"},
        {WITH("\"backup_directory\":\"\""), "backup_directory"},
        {WITH("\"backup_directory\":\"/var/backups\""), "backup_directory"},
        {WITH("\"backup_directory\":\"a/../../etc\""), "backup_directory"},
        {WITH("\"backup_directory\":7"), "backup_directory"},
        {WITH("\"tls_certificate\":\"x\",\"tls_key\":\"x\""), "tls_certificate"},
        {WITH("\"tls_key\":\"x\""), "tls_key"},
        {WITH("\"tls\":true,\"tls_certificate\":\"x\""), "tls_key"},
        {WITH("\"tls\":true,\"tls_key\":\"x\""), "tls_certificate"},
        {WITH("\"tls\":true,\"tls_certificate\":\"x\",\"tls_key\":\"x\""), "tls_certificate"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct api_request request;
        struct pg_parameters parameters;
        struct error err;
        if (bind(HTTP_POST, cases[i][0], &request, &parameters, &err) != -1)
            fail_msg("accepted: %s", cases[i][0]);
        assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
        assert_string_equal(err.public_argument, cases[i][1]);
        api_request_release(&request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_update_and_the_password),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, load_keyring, free_keyring);
}
