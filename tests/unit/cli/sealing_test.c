/* Passwords as they are read from a file. */
#include "sealing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "unit.h"

static int read_back(const char *bytes, size_t length, char *ret_password, size_t *ret_length,
                     struct error *err)
{
    char path[] = "/tmp/sealing_test.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
    int status = password_read(path, ret_password, ret_length, err);
    unlink(path);
    return status;
}

static void test_password_read(void **state)
{
    (void)state;
    const struct {
        struct text file;
        const char *password; /* null: refused */
    } cases[] = {
        {TEXT("secret"), "secret"},
        {TEXT("secret\n"), "secret"},
        {TEXT("secret\r\n"), "secret"},
        {TEXT("two\nlines\n"), "two\nlines"},
        {TEXT(" spaces "), " spaces "},
        {TEXT(""), NULL},
        {TEXT("\n"), NULL},
        {TEXT("a\0b"), NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char password[SECRET_PASSWORD_MAX + 1];
        size_t length = 0;
        struct error err = {0};
        int status = read_back(cases[i].file.bytes, cases[i].file.length, password, &length, &err);
        assert_int_equal(status, cases[i].password ? 0 : -1);
        if (cases[i].password) {
            assert_string_equal(password, cases[i].password);
            assert_int_equal(length, strlen(cases[i].password));
        }
    }
}

static void test_longest(void **state)
{
    (void)state;
    static char bytes[SECRET_PASSWORD_MAX + 1], password[SECRET_PASSWORD_MAX + 1];
    size_t length;
    struct error err = {0};
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(read_back(bytes, SECRET_PASSWORD_MAX, password, &length, &err), 0);
    assert_int_equal(length, SECRET_PASSWORD_MAX);
    assert_int_equal(read_back(bytes, SECRET_PASSWORD_MAX + 1, password, &length, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_read),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
