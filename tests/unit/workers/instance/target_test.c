/* Targets: out of a row, with and without a password, one endpoint after the other. */
#include "instance/target.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "row.h"
#include "unit.h"

#define ID "9f8582c8-73cc-4bf1-b245-360ec771f8ee"
#define OTHER_ID "673254b0-3d22-4354-8331-63ce2e1356d9"
#define PROJECT "0b6ca7a4-0a2c-4c4c-9a5f-3f2f3d0f3a11"

static const struct instance_identity identity = {PROJECT, ID};

static const struct config config = {.redis_connect_timeout_ms = 11, .redis_reply_timeout_ms = 22};

static struct keyring *make_keyring(void)
{
    static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    struct keyring *keyring = NULL;
    struct error err = {0};
    char path[64];
    int file = memfd_create("keys", MFD_CLOEXEC);
    assert_int_equal(write(file, key, sizeof(key) - 1), sizeof(key) - 1);
    assert_int_equal(fchmod(file, 0600), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    assert_int_equal(keyring_load(path, &keyring, &err), 0);
    close(file);
    return keyring;
}

/* Handed on as it is. */
static char stand_in;
#define OUTBOUND ((struct outbound *)(void *)&stand_in)
static const struct instance_access bare = {&config, NULL, OUTBOUND};

static void copies_the_row(void **state)
{
    char endpoints[] = "10.0.0.1:6379,[::1]:6380", mode[] = "ha";
    struct instance_target target;
    struct target_row row;
    struct error err = {0};
    (void)state;
    target_row_init(&row, endpoints, mode);
    target_row_set(&row, INSTANCE_TARGET_ENABLE_SSL, "t");
    target_row_set(&row, INSTANCE_TARGET_TLS_CA, "PEM");
    target_row_set(&row, INSTANCE_TARGET_TLS_SERVER_NAME, "redis.example");
    target_row_set(&row, INSTANCE_TARGET_HOTKEYS_COMMAND, "t");
    target_row_set(&row, INSTANCE_TARGET_SCAN_PROFILE, "fast");
    target_row_set(&row, INSTANCE_TARGET_ADDRESS_MAP, "a=b");
    target_row_set(&row, INSTANCE_TARGET_SENTINEL_MASTER, "main");
    assert_int_equal(instance_target_init(&target, &row.rows, 0, 0, identity, &bare, &err), 0);
    memset(endpoints, 'x', sizeof(endpoints) - 1);
    memset(mode, 'x', sizeof(mode) - 1);
    assert_string_equal(target.redis.endpoint.host, "10.0.0.1");
    assert_int_equal(target.redis.endpoint.port, 6379);
    assert_string_equal(target.cache_mode, "ha");
    assert_true(target.redis.tls);
    assert_true(target.hotkeys_command);
    assert_string_equal(target.redis.tls_ca, "PEM");
    assert_string_equal(target.redis.tls_server_name, "redis.example");
    assert_string_equal(target.scan_profile, "fast");
    assert_string_equal(target.address_map_text, "a=b");
    assert_int_equal(target.address_map.count, 1);
    assert_string_equal(target.sentinel_master, "main");
    assert_true(instance_target_is_replicated(&target));
    assert_ptr_equal(target.redis.outbound, OUTBOUND);
    assert_null(target.redis.username);
    assert_null(target.redis.password);
    assert_int_equal(target.redis.connect_timeout_ms, 11);
    assert_int_equal(target.redis.reply_timeout_ms, 22);
    instance_target_release(&target);
    assert_null(target.endpoints);
}

static void opens_the_password(void **state)
{
    enum { SEALED_MAX = 6 + SECRET_OVERHEAD };
    struct keyring *keyring = make_keyring();
    unsigned char sealed[SEALED_MAX];
    char digits[2 + 2 * SEALED_MAX + 1] = "\\x";
    size_t length;
    struct error err = {0};
    (void)state;
    struct secret_owner owner = instance_password_owner(PROJECT, ID);
    assert_int_equal(secret_seal(keyring, &owner, "s3cret", 6, sealed, &length, &err), 0);
    text_format_hex(sealed, length, digits + 2);
    const struct {
        struct instance_identity identity;
        const char *sealed;
        const struct keyring *keyring;
        enum error_code code;
    } cases[] = {
        {identity, digits, keyring, ERROR_NONE},
        {{PROJECT, OTHER_ID}, digits, keyring, ERROR_SECRET},
        {{OTHER_ID, ID}, digits, keyring, ERROR_SECRET},
        {identity, digits, NULL, ERROR_CONFIG},
        {identity, "\\x00", keyring, ERROR_SECRET},
        {identity, "s3cret", keyring, ERROR_SECRET},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct instance_target target;
        struct target_row row;
        err = (struct error){0};
        target_row_init(&row, "a:1", "single");
        target_row_set(&row, INSTANCE_TARGET_USERNAME, "app");
        target_row_set(&row, INSTANCE_TARGET_SEALED_PASSWORD, cases[i].sealed);
        const struct instance_access access = {&config, cases[i].keyring, OUTBOUND};
        int status =
            instance_target_init(&target, &row.rows, 0, 0, cases[i].identity, &access, &err);
        assert_int_equal(status, cases[i].code == ERROR_NONE ? 0 : -1);
        assert_int_equal(err.code, cases[i].code);
        if (status == 0) {
            assert_string_equal(target.redis.username, "app");
            assert_string_equal(target.redis.password, "s3cret");
        }
        instance_target_release(&target);
        assert_null(target.password);
    }
    keyring_free(keyring);
}

/* Sealed for another purpose it does not open, the instance being the same. */
static void opens_the_key(void **state)
{
    enum { SEALED_MAX = 3 + SECRET_OVERHEAD };
    struct keyring *keyring = make_keyring();
    const struct secret_owner owners[] = {instance_tls_key_owner(PROJECT, ID),
                                          instance_password_owner(PROJECT, ID)};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(owners); i++) {
        unsigned char sealed[SEALED_MAX];
        char digits[2 + 2 * SEALED_MAX + 1] = "\\x";
        struct instance_target target;
        struct target_row row;
        struct error err = {0};
        size_t length;
        assert_int_equal(secret_seal(keyring, &owners[i], "PEM", 3, sealed, &length, &err), 0);
        text_format_hex(sealed, length, digits + 2);
        target_row_init(&row, "a:1", "single");
        target_row_set(&row, INSTANCE_TARGET_TLS_CERTIFICATE, "certificate");
        target_row_set(&row, INSTANCE_TARGET_SEALED_TLS_KEY, digits);
        const struct instance_access access = {&config, keyring, OUTBOUND};
        int status = instance_target_init(&target, &row.rows, 0, 0, identity, &access, &err);
        assert_int_equal(status, i == 0 ? 0 : -1);
        assert_int_equal(err.code, i == 0 ? ERROR_NONE : ERROR_SECRET);
        if (status == 0) {
            assert_string_equal(target.redis.tls_certificate, "certificate");
            assert_string_equal(target.redis.tls_key, "PEM");
        }
        instance_target_release(&target);
        assert_null(target.tls_key);
    }
    keyring_free(keyring);
}

static void takes_endpoints_in_turn(void **state)
{
    struct instance_target target;
    struct target_row row;
    struct error err = {0};
    (void)state;
    target_row_init(&row, "a:1,nonsense,[::1]:3", "single");
    assert_int_equal(instance_target_init(&target, &row.rows, 0, 0, identity, &bare, &err), 0);
    const char *rest = target.endpoints;
    assert_int_equal(instance_target_next_endpoint(&target, &rest, &err), 1);
    assert_string_equal(target.redis.endpoint.host, "a");
    assert_int_equal(instance_target_next_endpoint(&target, &rest, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    assert_string_equal(err.text, "'nonsense' is no endpoint");
    assert_int_equal(instance_target_next_endpoint(&target, &rest, &err), 1);
    assert_string_equal(target.redis.endpoint.host, "::1");
    assert_int_equal(target.redis.endpoint.port, 3);
    assert_int_equal(instance_target_next_endpoint(&target, &rest, &err), 0);
    instance_target_release(&target);
}

static void refuses_a_malformed_first_endpoint(void **state)
{
    struct instance_target target;
    struct target_row row;
    struct error err = {0};
    (void)state;
    target_row_init(&row, "nonsense,a:1", "single");
    assert_int_equal(instance_target_init(&target, &row.rows, 0, 0, identity, &bare, &err), -1);
    assert_int_equal(err.code, ERROR_REDIS_CONNECTION);
    instance_target_release(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_the_row),
        cmocka_unit_test(opens_the_password),
        cmocka_unit_test(opens_the_key),
        cmocka_unit_test(takes_endpoints_in_turn),
        cmocka_unit_test(refuses_a_malformed_first_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
