/* Settings from all three sources at once: lines that begin with `E ` are the environment, with
 * `A ` the command line, and all others the file.  Whatever is taken is within its bounds, and a
 * file that says the same gives the same. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "fuzz.h"

enum { WORDS_MAX = 32 };

struct words {
    int count;
    char *items[WORDS_MAX + 1];
};

struct sources {
    struct words environment, arguments;
    int file; /* of memory */
};

static char file_variable[64];

static void add(struct words *words, struct text text)
{
    if (words->count < WORDS_MAX)
        words->items[words->count++] = fuzz_terminated(text);
}

static void release(struct words *words)
{
    for (int i = 0; i < words->count; i++)
        free(words->items[i]);
}

static int file_of_memory(void)
{
    static int file = -1;
    if (file < 0)
        file = memfd_create("config", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0)
        abort();
    snprintf(file_variable, sizeof(file_variable), "DCS_CONFIG=/proc/self/fd/%d", file);
    return file;
}

static void put(int file, const char *bytes, size_t length)
{
    if (length > 0 && write(file, bytes, length) != (ssize_t)length)
        abort();
}

/* `--config` would name a file of the machine. */
static bool is_taken(struct text word)
{
    return word.length < 8 || memcmp(word.bytes, "--config", 8) != 0;
}

static void read_sources(struct text input, struct sources *sources)
{
    *sources = (struct sources){.file = file_of_memory()};
    add(&sources->arguments, TEXT("program"));
    add(&sources->environment, text_of(file_variable));
    while (input.length > 0) {
        struct text line = fuzz_cut(&input, '\n');
        struct text word = line.length > 2 ? (struct text){line.bytes + 2, line.length - 2} : line;
        if (line.length > 2 && memcmp(line.bytes, "E ", 2) == 0)
            add(&sources->environment, word);
        else if (line.length > 2 && memcmp(line.bytes, "A ", 2) == 0 && is_taken(word))
            add(&sources->arguments, word);
        else {
            put(sources->file, line.bytes, line.length);
            put(sources->file, "\n", 1);
        }
    }
}

static void check_values(const struct config *config)
{
#define T(name, ...) assert(memchr(config->name, '\0', sizeof(config->name)));
#define S(name, ...) assert(memchr(config->name, '\0', sizeof(config->name)));
#define W(name, ...) assert(memchr(config->name, '\0', sizeof(config->name)));
#define P(name, ...) assert(memchr(config->name, '\0', sizeof(config->name)));
#define N(name, value, least, most, ...) assert(config->name >= (least) && config->name <= (most));
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
}

/* A line of a file cannot hold every text that the environment can. */
static bool put_text(int file, const char *name, const char *value)
{
    struct text text = text_of(value);
    if (text_trim(text).length != text.length || strpbrk(value, "\r\n"))
        return false;
    put(file, name, strlen(name));
    put(file, " = ", 3);
    put(file, text.bytes, text.length);
    put(file, "\n", 1);
    return true;
}

static bool write_file(int file, const struct config *config)
{
    char digits[24];
    bool written = true;
#define T(name, ...) written = put_text(file, #name, config->name) && written;
#define S(name, ...) written = put_text(file, #name, config->name) && written;
#define W(name, ...) written = put_text(file, #name, config->name) && written;
#define P(name, ...) written = put_text(file, #name, config->name) && written;
#define N(name, ...)                                                                               \
    snprintf(digits, sizeof(digits), "%lld", (long long)config->name);                             \
    written = put_text(file, #name, digits) && written;
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
    return written;
}

static void check_is_same(const struct config *a, const struct config *b)
{
#define T(name, ...) assert(strcmp(a->name, b->name) == 0);
#define S(name, ...) assert(strcmp(a->name, b->name) == 0);
#define W(name, ...) assert(strcmp(a->name, b->name) == 0);
#define P(name, ...) assert(strcmp(a->name, b->name) == 0);
#define N(name, ...) assert(a->name == b->name);
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
}

static void check_again(const struct config *config)
{
    static struct config again;
    char *environment[] = {file_variable, NULL}, program[] = "program",
         *arguments[] = {program, NULL};
    int count = 1;
    struct error err = {0};
    if (!write_file(file_of_memory(), config))
        return;
    assert(config_load(&again, &count, arguments, environment, false, &err) == 0);
    check_is_same(config, &again);
}

/* Words that are kept come first, in their order; a secret is never taken from there. */
static void check_words(const struct words *given, char *const *kept, int count)
{
    static const char secret[] = "--database-url=";
    int place = 0;
    assert(count >= 1 && count <= given->count);
    for (int i = 0; i < count; i++) {
        while (place < given->count && given->items[place] != kept[i])
            place++;
        assert(place < given->count);
        assert(strncmp(kept[i], secret, strlen(secret)) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct config config;
    struct text input = {(const char *)bytes, length};
    bool words_allowed = length > 0 && bytes[length - 1] == 'w';
    struct sources sources;
    struct error err = {0};
    char *arguments[WORDS_MAX + 1];
    read_sources(input, &sources);
    int count = sources.arguments.count;
    memcpy(arguments, sources.arguments.items, sizeof(arguments));
    if (config_load(&config, &count, arguments, sources.environment.items, words_allowed, &err) <
        0) {
        assert(err.code == ERROR_CONFIG && err.text[0]);
    } else {
        check_values(&config);
        check_words(&sources.arguments, arguments, count);
        check_again(&config);
        assert(words_allowed || count == 1);
    }
    release(&sources.environment);
    release(&sources.arguments);
    return 0;
}
