/* A password's file: what is taken, what is refused, and which password is tried when. */
#include "base/password.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

enum { PATH_MAX_LENGTH = 64 };

static int open_file(char ret_path[PATH_MAX_LENGTH])
{
    int file = memfd_create("password", MFD_CLOEXEC);
    assert_true(file >= 0);
    snprintf(ret_path, PATH_MAX_LENGTH, "/proc/self/fd/%d", file);
    return file;
}

static void fill(int file, const char *content, size_t length, mode_t mode)
{
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(pwrite(file, content, length, 0), (ssize_t)length);
    assert_int_equal(fchmod(file, mode), 0);
}

static void assert_has(const struct password *password, enum password_which which, const char *text)
{
    struct password_text found;
    assert_true(password_copy(password, which, &found));
    assert_string_equal(found.text, text);
}

static void test_file(void **state)
{
    static const char longest[PASSWORD_MAX + 2];
    static const struct {
        const char *content;
        size_t length;
        mode_t mode;
        const char *text; /* null: it is refused */
    } cases[] = {
        {"secret", 6, 0600, "secret"},
        {"secret\n", 7, 0640, "secret"},
        {"secret\r\n\n", 9, 0400, "secret"},
        {" two words \xc3\xa4", 13, 0600, " two words \xc3\xa4"},
        {"secret", 6, 0604, NULL},
        {"secret", 6, 0602, NULL},
        {"", 0, 0600, NULL},
        {"\n\n", 2, 0600, NULL},
        {"sec\nret", 7, 0600, NULL},
        {"sec\tret", 7, 0600, NULL},
        {"sec\0ret", 7, 0600, NULL},
        {longest, sizeof(longest) - 1, 0600, NULL},
    };
    char path[PATH_MAX_LENGTH];
    int file = open_file(path);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        struct password *password = NULL;
        fill(file, cases[i].content, cases[i].length, cases[i].mode);
        int status = password_load(SECRET_FILE_DATABASE_PASSWORD, path, &password, &err);
        assert_int_equal(status, cases[i].text ? 0 : -1);
        if (cases[i].text) {
            assert_has(password, PASSWORD_OF_FILE, cases[i].text);
        } else {
            assert_null(password);
            assert_int_equal(err.code, ERROR_SECRET);
            assert_non_null(strstr(err.text, "database_password_file: /proc/self/fd"));
            assert_null(strstr(err.text, "ret"));
        }
        password_free(password);
    }
    close(file);
}

static void test_none(void **state)
{
    struct password *password;
    struct password_text text;
    struct error err = {0};
    (void)state;
    assert_int_equal(password_load(SECRET_FILE_IDENTITY_PASSWORD, "", &password, &err), 0);
    assert_null(password);
    assert_false(password_copy(password, PASSWORD_OF_FILE, &text));
    assert_false(password_has_accepted(password));
    password_watch(password, true);
    password_free(password);
    assert_int_equal(password_load(SECRET_FILE_IDENTITY_PASSWORD, "/none", &password, &err), -1);
    assert_non_null(strstr(err.text, "identity_password_file: /none: "));
}

static void put(struct password *password, int file, const char *content)
{
    fill(file, content, strlen(content), 0600);
    password_watch(password, false);
}

static void accept_text(struct password *password, enum password_which which, const char *content)
{
    struct password_text text = {0};
    snprintf(text.text, sizeof(text.text), "%s", content);
    password_note_accepted(password, which, &text);
}

static void test_exchange(void **state)
{
    char path[PATH_MAX_LENGTH];
    int file = open_file(path);
    struct password *password;
    struct password_text text;
    struct error err = {0};
    (void)state;
    fill(file, "one", 3, 0600);
    assert_int_equal(password_load(SECRET_FILE_DATABASE_PASSWORD, path, &password, &err), 0);
    assert_false(password_copy(password, PASSWORD_ACCEPTED, &text));
    put(password, file, "two");
    assert_false(password_has_accepted(password)); /* nobody knows whether "one" was any good */
    accept_text(password, PASSWORD_OF_FILE, "two");
    assert_false(password_has_accepted(password));

    put(password, file, "thr");
    assert_true(password_has_accepted(password));
    assert_has(password, PASSWORD_OF_FILE, "thr");
    assert_has(password, PASSWORD_ACCEPTED, "two");
    accept_text(password, PASSWORD_ACCEPTED, "two");
    assert_has(password, PASSWORD_ACCEPTED, "two");
    put(password, file, "");
    assert_has(password, PASSWORD_OF_FILE, "thr");
    put(password, file, "three\n");
    accept_text(password, PASSWORD_OF_FILE, "three");
    assert_false(password_has_accepted(password));
    assert_has(password, PASSWORD_ACCEPTED, "three");

    /* Who began to log in before the file changed comes to an end after it. */
    put(password, file, "four");
    accept_text(password, PASSWORD_OF_FILE, "three");
    assert_true(password_has_accepted(password));
    assert_has(password, PASSWORD_ACCEPTED, "three");
    put(password, file, "three");
    assert_false(password_has_accepted(password));
    password_free(password);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
