/* Reads an RDB that it makes up as it goes, and prints what that took:
 *
 *     dcs_bench_rdb SHAPE COUNT
 *
 * Shapes: `strings`, `hashes` (of a listpack) and `sets` (of a table) of COUNT keys; `value`, one
 * string of COUNT bytes; `list`, one of COUNT elements one by one; `ziplist` and `listpack`, of
 * COUNT bytes, the latter compressed to a hundredth.  A line of `keys size bytes cpu_s rss_kib`:
 * keys, the size of the last, bytes of the input, CPU time, resident memory.
 *
 *     dcs_bench_rdb cuts FILE STEP
 *
 * Reads the file as it is and cut at every STEPth byte, which must fail each time; a line of
 * `keys cuts cpu_s`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "repeated.h"

enum { PIECE_ROOM = 1 << 20, KEYS_A_PIECE = 1000 };

struct shape {
    const char *name;
    void (*fill)(struct repeated *repeated, uint64_t count);
};

static char before[4096], piece[PIECE_ROOM];
static const struct text end = {"\xff\0\0\0\0\0\0\0\0", 9};

static struct text begin(void)
{
    static const char header[] = "REDIS0011\xfa\x09redis-ver\x05"
                                 "7.2.6\xfe\x00";
    memcpy(before, header, sizeof(header) - 1);
    return (struct text){before, sizeof(header) - 1};
}

static void add(struct text *text, char *place, const void *bytes, size_t length)
{
    memcpy(place + text->length, bytes, length);
    text->length += length;
}

/* Keys of 16 bytes in their names, the value the same for all. */
static void fill_keys(struct repeated *repeated, uint64_t count, char type, struct text value)
{
    *repeated = (struct repeated){.before = begin(), .piece = {piece, 0}, .after = end};
    for (int i = 0; i < KEYS_A_PIECE; i++) {
        char key[32] = {type, 16};
        snprintf(key + 2, sizeof(key) - 2, "user:%08d:ab", i);
        add(&repeated->piece, piece, key, 18);
        add(&repeated->piece, piece, value.bytes, value.length);
    }
    repeated->times = (count + KEYS_A_PIECE - 1) / KEYS_A_PIECE;
}

static void fill_strings(struct repeated *repeated, uint64_t count)
{
    fill_keys(repeated, count, 0, TEXT("\x14of twenty bytes here"));
}

static void fill_hashes(struct repeated *repeated, uint64_t count)
{
    fill_keys(repeated, count, 16,
              TEXT("\x2f\x2f\0\0\0\x08\0\x83one\x04\x01\x01\x83two\x04\x84"
                   "text\x05"
                   "\x85three\x06\x84more\x05\x84"
                   "four\x05\xc4\xd2\x02\xff"));
}

static void fill_sets(struct repeated *repeated, uint64_t count)
{
    fill_keys(repeated, count, 2, TEXT("\x04\x0amember-001\x0amember-002\xc0\x07\x0amember-003"));
}

static void add_length(struct text *text, uint64_t length)
{
    char bytes[9] = {(char)0x81};
    for (int i = 0; i < 8; i++)
        bytes[1 + i] = (char)(length >> (56 - 8 * i));
    add(text, before, bytes, sizeof(bytes));
}

static void fill_value(struct repeated *repeated, uint64_t count)
{
    *repeated = (struct repeated){.before = begin(), .piece = {piece, 1024}, .after = end};
    memset(piece, 'x', 1024);
    repeated->times = (count + 1023) / 1024;
    add(&repeated->before, before, "\x00\x01k", 3);
    add_length(&repeated->before, repeated->times * 1024);
}

static void fill_list(struct repeated *repeated, uint64_t count)
{
    *repeated = (struct repeated){.before = begin(), .piece = {piece, 0}, .after = end};
    for (int i = 0; i < 1000; i++)
        add(&repeated->piece, piece,
            "\x08"
            "elements",
            9);
    repeated->times = (count + 999) / 1000;
    add(&repeated->before, before, "\x01\x01k", 3);
    add_length(&repeated->before, repeated->times * 1000);
}

static void add_little(struct text *text, uint64_t number)
{
    char bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (char)(number >> (8 * i));
    add(text, before, bytes, 4);
}

/* Elements of ten bytes. */
static void fill_ziplist(struct repeated *repeated, uint64_t count)
{
    *repeated = (struct repeated){.before = begin(), .piece = {piece, 0}, .after = end};
    for (int i = 0; i < 1000; i++)
        add(&repeated->piece, piece,
            "\x0a\x08"
            "elements",
            10);
    repeated->times = (count + 9999) / 10000;
    uint64_t length = 10 + 10 + repeated->times * 10000 + 1;
    add(&repeated->before, before, "\x0a\x01k", 3);
    add_length(&repeated->before, length);
    add_little(&repeated->before, length);
    add_little(&repeated->before, length - 11);
    add(&repeated->before, before,
        "\xff\xff\x00\x08"
        "elements",
        12);
    repeated->after = (struct text){"\xff\xff\0\0\0\0\0\0\0\0", 10};
}

/* Two elements are there as they are; further ones are 264 bytes back. */
static void fill_listpack(struct repeated *repeated, uint64_t count)
{
    *repeated = (struct repeated){.before = begin(), .piece = {piece, 0}, .after = end};
    static const char element[] = "\x89nine here\x0a"; /* 11 bytes, 24 of which are 264 */
    for (int i = 0; i < 1000; i++)
        add(&repeated->piece, piece, "\xe0\xff\x0a", 3);
    repeated->times = (count + 263999) / 264000;
    uint64_t length = 6 + 11 + repeated->times * 264000 + 1;
    add(&repeated->before, before, "\x14\x01k\xc3", 4);
    add_length(&repeated->before, 1 + 6 + 1 + 11 + repeated->times * 3000 + 2);
    add_length(&repeated->before, length);
    add(&repeated->before, before, "\x05", 1);
    add_little(&repeated->before, length);
    add(&repeated->before, before, "\xff\xff\x0a", 3);
    add(&repeated->before, before, element, 11);
    repeated->after = (struct text){"\x00\xff\xff\0\0\0\0\0\0\0\0", 11};
}

static const struct shape shapes[] = {
    {"strings", fill_strings},   {"hashes", fill_hashes}, {"sets", fill_sets},
    {"value", fill_value},       {"list", fill_list},     {"ziplist", fill_ziplist},
    {"listpack", fill_listpack},
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int read_all(struct repeated *repeated)
{
    struct rdb_source source = repeated_source(repeated);
    struct rdb_reader *reader = rdb_reader_new(&source);
    struct rdb_key key = {.size = 0};
    struct error err = {0};
    struct rusage usage;
    int64_t keys = 0;
    int status = 0;
    double started = cpu_s();
    while ((status = rdb_reader_next(reader, &key, &err)) > 0)
        keys++;
    double took = cpu_s() - started;
    getrusage(RUSAGE_SELF, &usage);
    if (status < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        printf("%" PRId64 " %" PRId64 " %" PRId64 " %.3f %ld\n", keys, key.size,
               rdb_reader_offset(reader), took, usage.ru_maxrss);
    rdb_reader_free(reader);
    return status < 0;
}

/* A file that ends early. */
struct cut {
    FILE *file;
    size_t left;
};

static ssize_t give_cut(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    struct cut *cut = argument;
    (void)err;
    size_t got = fread(ret_bytes, 1, most < cut->left ? most : cut->left, cut->file);
    cut->left -= got;
    return (ssize_t)got;
}

/* The number of keys, or -1 with the error. */
static int64_t read_cut(FILE *file, size_t length, struct error *err)
{
    struct cut cut = {file, length};
    const struct rdb_source source = {give_cut, &cut};
    struct rdb_reader *reader = rdb_reader_new(&source);
    struct rdb_key key;
    int64_t keys = 0;
    int status = 0;
    rewind(file);
    while ((status = rdb_reader_next(reader, &key, err)) > 0)
        keys++;
    rdb_reader_free(reader);
    return status < 0 ? -1 : keys;
}

static int read_cuts(const char *path, size_t step)
{
    struct error err = {0};
    size_t cuts = 0;
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0)
        return 2;
    size_t length = (size_t)ftell(file);
    double started = cpu_s();
    int64_t keys = read_cut(file, length, &err);
    for (size_t at = 0; keys >= 0 && at < length; at += step, cuts++) {
        error_clear(&err);
        if (read_cut(file, at, &err) >= 0 || err.code != ERROR_RDB_FORMAT)
            keys = -1;
    }
    fclose(file);
    if (keys < 0) {
        fprintf(stderr, "%s, cut %zu: %s\n", path, cuts, err.text);
        return 1;
    }
    printf("%" PRId64 " %zu %.1f\n", keys, cuts, cpu_s() - started);
    return 0;
}

int main(int argc, char **argv)
{
    struct repeated repeated;
    for (size_t i = 0; argc == 3 && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].name, argv[1]) == 0) {
            shapes[i].fill(&repeated, strtoull(argv[2], NULL, 10));
            return read_all(&repeated);
        }
    }
    if (argc == 4 && strcmp(argv[1], "cuts") == 0 && strtoull(argv[3], NULL, 10) > 0)
        return read_cuts(argv[2], strtoull(argv[3], NULL, 10));
    fputs("usage: dcs_bench_rdb SHAPE COUNT | cuts FILE STEP\n", stderr);
    return 2;
}
