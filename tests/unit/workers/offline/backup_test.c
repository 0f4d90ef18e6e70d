/* Files of backups, and what only looks like one. */
#include "backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/scope.h"
#include "unit.h"

enum { PATH_SIZE = 512, BIG = 3 << 20 };

/* A root with the directory tenant/one and what is in it. */
struct yard {
    char root[PATH_SIZE / 4];
};

static const char *path_of(const struct yard *yard, const char *name)
{
    static char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", yard->root, name);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void compress_file(const char *path, const char *bytes, size_t length)
{
    gzFile file = gzopen(path, "w");
    assert_int_equal(gzwrite(file, bytes, (unsigned)length), length);
    assert_int_equal(gzclose(file), Z_OK);
}

static char *new_big(void)
{
    char *bytes = malloc(BIG);
    uint32_t state = 1;
    for (int i = 0; i < BIG; i++)
        bytes[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

static int begin(void **state)
{
    static struct yard yard;
    snprintf(yard.root, sizeof(yard.root), "%s/backup_test.XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(yard.root))
        return -1;
    *state = &yard;
    SCOPED(scope_free) char *big = new_big();
    mkdir(path_of(&yard, "tenant"), 0700);
    mkdir(path_of(&yard, "tenant/one"), 0700);
    mkdir(path_of(&yard, "tenant/one/directory"), 0700);
    mkdir(path_of(&yard, "two"), 0700);
    write_file(path_of(&yard, "tenant/one/a.rdb"), "REDIS", 5);
    write_file(path_of(&yard, "tenant/one/empty"), "", 0);
    write_file(path_of(&yard, "tenant/one/big"), big, BIG);
    compress_file(path_of(&yard, "tenant/one/b.rdb.gz"), "REDIS", 5);
    compress_file(path_of(&yard, "tenant/one/big.gz"), big, BIG);
    write_file(path_of(&yard, "outside"), "SECRET", 6);
    char target[PATH_SIZE];
    snprintf(target, sizeof(target), "%s", path_of(&yard, "outside"));
    return symlink(target, path_of(&yard, "tenant/one/link")) ||
           symlink("../../outside", path_of(&yard, "tenant/one/link2")) ||
           symlink("tenant/one", path_of(&yard, "three")) ||
           symlink("one", path_of(&yard, "tenant/four")) ||
           mkfifo(path_of(&yard, "tenant/one/pipe"), 0600);
}

static int end(void **state)
{
    const struct yard *yard = *state;
    static const char *const names[] = {"tenant/one/a.rdb",
                                        "tenant/one/empty",
                                        "tenant/one/big",
                                        "tenant/one/b.rdb.gz",
                                        "tenant/one/big.gz",
                                        "tenant/one/cut",
                                        "tenant/one/spoilt",
                                        "tenant/one/link",
                                        "tenant/one/link2",
                                        "tenant/one/pipe",
                                        "tenant/one/directory",
                                        "three",
                                        "tenant/four",
                                        "outside",
                                        "tenant/one",
                                        "tenant",
                                        "two"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        remove(path_of(yard, names[i]));
    return rmdir(yard->root);
}

/* The length of what was read, or -1. */
static ptrdiff_t read_all(const struct yard *yard, const char *directory, const char *id,
                          char *ret_bytes, size_t size, struct error *err)
{
    struct rdb_file *backup;
    ssize_t moved;
    size_t length = 0;
    if (backup_open(yard->root, directory, id, &backup, err) < 0)
        return -1;
    assert_true(rdb_file_time_ms(backup) > 1000000000000);
    while ((moved = rdb_file_read(backup, ret_bytes + length, size - length, ERROR_BACKUP, err)) >
           0)
        length += (size_t)moved;
    rdb_file_free(backup);
    return moved < 0 ? -1 : (ptrdiff_t)length;
}

static void test_files_are_read(void **state)
{
    static const struct {
        const char *id;
        ptrdiff_t length;
    } cases[] = {{"a.rdb", 5}, {"b.rdb.gz", 5}, {"empty", 0}, {"big", BIG}, {"big.gz", BIG}};
    SCOPED(scope_free) char *bytes = malloc(BIG + 1);
    SCOPED(scope_free) char *big = new_big();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        ptrdiff_t length = read_all(*state, "tenant/one", cases[i].id, bytes, BIG + 1, &err);
        if (length != cases[i].length)
            fail_msg("%s: %td bytes: %s", cases[i].id, length, err.text);
        if (length > 0)
            assert_memory_equal(bytes, length == BIG ? big : "REDIS", (size_t)length);
    }
}

static void test_nothing_else_is_opened(void **state)
{
    static const char too_long[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *directory, *id, *text;
    } cases[] = {
        {"tenant/one", "none.rdb", "the backup: none.rdb: No such file"},
        {"tenant/none", "a.rdb", "the instance's directory of backups: none: No such file"},
        {"tenant/one", "link", "the backup: link: a link, which is not followed"},
        {"tenant/one", "link2", "the backup: link2: a link, which is not followed"},
        {"three", "a.rdb", "the instance's directory of backups: three: "},
        {"tenant/four", "a.rdb", "the instance's directory of backups: four: "},
        {"outside", "a.rdb", "Not a directory"},
        {"tenant/one", "directory", "not a regular file"},
        {"tenant/one", "pipe", "not a regular file"},
        {"tenant/one", "../one/a.rdb", "not the name of a backup"},
        {"tenant", "one/a.rdb", "not the name of a backup"},
        {"tenant/one", ".", "not the name of a backup"},
        {"tenant/one", "..", "not the name of a backup"},
        {"tenant/one", ".hidden", "not the name of a backup"},
        {"tenant/one", "", "not the name of a backup"},
        {"tenant/one", "a.rdb\n", "not the name of a backup"},
        {"tenant/one", too_long, "not the name of a backup"},
        {"tenant/../two", "a.rdb", "not a path below backup_root"},
        {"..", "a.rdb", "not a path below backup_root"},
        {"tenant/./one", "a.rdb", "not a path below backup_root"},
        {"/tenant/one", "a.rdb", "not a path below backup_root"},
        {"tenant/one/", "a.rdb", "not a path below backup_root"},
        {"tenant//one", "a.rdb", "not a path below backup_root"},
        {"", "a.rdb", "no directory of backups"},
        {NULL, "a.rdb", "no directory of backups"},
    };
    char bytes[16];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {0};
        ptrdiff_t length =
            read_all(*state, cases[i].directory, cases[i].id, bytes, sizeof(bytes), &err);
        if (length != -1 || err.code != ERROR_BACKUP || !strstr(err.text, cases[i].text))
            fail_msg("case %zu: %td: %s", i, length, err.text);
        assert_false(error_describe(err.code)->retryable);
    }
    static const char *const roots[] = {NULL, "", "/nonexistent/root"};
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        struct rdb_file *backup;
        struct error err = {0};
        assert_int_equal(backup_open(roots[i], "two", "a.rdb", &backup, &err), -1);
        assert_non_null(strstr(err.text, "backup_root"));
    }
}

/* Cut off, and with a wrong bit. */
static void test_damaged_files_are_no_shorter_ones(void **state)
{
    const struct yard *yard = *state;
    SCOPED(scope_free) char *bytes = malloc(BIG * 2);
    FILE *file = fopen(path_of(yard, "tenant/one/big.gz"), "r");
    size_t length = fread(bytes, 1, BIG * 2, file);
    fclose(file);
    write_file(path_of(yard, "tenant/one/cut"), bytes, length / 2);
    bytes[length / 2] ^= 1;
    write_file(path_of(yard, "tenant/one/spoilt"), bytes, length);
    static const char *const names[] = {"cut", "spoilt"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct error err = {0};
        assert_int_equal(read_all(yard, "tenant/one", names[i], bytes, BIG * 2, &err), -1);
        assert_int_equal(err.code, ERROR_BACKUP);
        assert_non_null(strstr(err.text, "cannot be uncompressed: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_read),
        cmocka_unit_test(test_nothing_else_is_opened),
        cmocka_unit_test(test_damaged_files_are_no_shorter_ones),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
