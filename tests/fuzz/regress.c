/* A target without a fuzzer, as a test: all files of its corpus, and a number of mutations of them
 * that is the same in every run.
 *
 *     fuzz_NAME_regress DIRECTORY MUTATIONS */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { FILES_MAX = 1 << 16, LENGTH_MAX = 64 << 10, CHANGES_MAX = 8 };

struct sample {
    uint8_t *bytes;
    size_t length;
};

static uint64_t random_state = 1;

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

static size_t below(size_t bound)
{
    return (size_t)(next_random() % bound);
}

/* Memory that ends with the bytes. */
static uint8_t *exactly(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, length);
    return copy;
}

static int load(const char *directory, struct sample *samples)
{
    static uint8_t bytes[LENGTH_MAX];
    int count = 0;
    struct dirent *entry;
    DIR *files = opendir(directory);
    if (!files)
        return 0;
    while (count < FILES_MAX && (entry = readdir(files))) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        size_t length = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        samples[count++] = (struct sample){exactly(bytes, length), length};
    }
    closedir(files);
    return count;
}

/* One change of those that parsers stumble over. */
static size_t change(uint8_t *bytes, size_t length, const struct sample *other)
{
    static const char *const words[] = {"\r\n", "-1", "9223372036854775808", "*", "$", ":",
                                        "\0",   ","};
    size_t at = below(length + 1), taken = below(32) + 1, room = LENGTH_MAX - length;
    const uint8_t *added = (const uint8_t *)words[below(sizeof(words) / sizeof(words[0]))];
    size_t count = 1 + strlen((const char *)added + 1);
    switch (below(4)) {
    case 0: /* a bit */
        if (at < length)
            bytes[at] ^= (uint8_t)(1 << below(8));
        return length;
    case 1: /* a piece is cut out */
        taken = taken < length - at ? taken : length - at;
        memmove(bytes + at, bytes + at + taken, length - at - taken);
        return length - taken;
    case 2: /* a piece of another sample */
        if (other->length > 0) {
            size_t from = below(other->length);
            added = other->bytes + from;
            count = taken < other->length - from ? taken : other->length - from;
        }
        break;
    default:
        break;
    }
    if (count > room)
        return length;
    memmove(bytes + at + count, bytes + at, length - at);
    memcpy(bytes + at, added, count);
    return length + count;
}

static void run(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = exactly(bytes, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

int main(int argc, char **argv)
{
    static struct sample samples[FILES_MAX];
    static uint8_t bytes[LENGTH_MAX];
    int count = argc == 3 ? load(argv[1], samples) : 0;
    long mutations = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (count == 0) {
        fprintf(stderr, "usage: %s DIRECTORY MUTATIONS, with files in the directory\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < count; i++)
        run(samples[i].bytes, samples[i].length);
    for (long i = 0; i < mutations; i++) {
        const struct sample *sample = &samples[below((size_t)count)];
        size_t length = sample->length;
        memcpy(bytes, sample->bytes, length);
        for (size_t changes = below(CHANGES_MAX) + 1; changes > 0; changes--)
            length = change(bytes, length, &samples[below((size_t)count)]);
        run(bytes, length);
    }
    printf("%d files, %ld mutations\n", count, mutations);
    for (int i = 0; i < count; i++)
        free(samples[i].bytes);
    return 0;
}
