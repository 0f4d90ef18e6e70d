/* Line by line: a mark ends the step before it and begins its own. */
#include "migration_step.h"

#include <string.h>

#define MARK "-- step: "

static const struct {
    const char *word;
    enum migration_step_kind kind;
} kinds[] = {{"transaction", MIGRATION_STEP_TRANSACTION},
             {"batches", MIGRATION_STEP_BATCHES},
             {"index", MIGRATION_STEP_INDEX},
             {"alone", MIGRATION_STEP_ALONE}};

static bool begins_with(struct text line, const char *prefix)
{
    size_t length = strlen(prefix);
    return line.length >= length && memcmp(line.bytes, prefix, length) == 0;
}

/* Takes a line off the rest, its newline as well. */
static struct text take_line(struct text *rest)
{
    const char *end = memchr(rest->bytes, '\n', rest->length);
    struct text line = {rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length};
    size_t taken = line.length + (end ? 1 : 0);
    rest->bytes += taken;
    rest->length -= taken;
    return line;
}

static struct text after(struct text line, size_t length)
{
    return (struct text){line.bytes + length, line.length - length};
}

struct text migration_line(const struct migration *migration, const char *name)
{
    struct text rest = {migration->sql, migration->length};
    while (rest.length > 0) {
        struct text line = take_line(&rest);
        if (!begins_with(line, "-- ") || !begins_with(after(line, 3), name))
            continue;
        struct text value = after(line, 3 + strlen(name));
        if (begins_with(value, ": "))
            return text_trim(after(value, 2));
    }
    return TEXT("");
}

static bool is_name(struct text name)
{
    if (name.length == 0 || name.length > MIGRATION_INDEX_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.bytes[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            return false;
    }
    return true;
}

/* The words of a mark: a kind, and of an index its name. */
static int read_mark(struct text words, struct migration_step *ret_step)
{
    const char *space = memchr(words.bytes, ' ', words.length);
    struct text word = {words.bytes, space ? (size_t)(space - words.bytes) : words.length};
    struct text name = text_trim(after(words, word.length));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!text_equals(word, text_of(kinds[i].word)))
            continue;
        ret_step->kind = kinds[i].kind;
        if (ret_step->kind != MIGRATION_STEP_INDEX)
            return name.length == 0 ? 0 : -1;
        if (!is_name(name))
            return -1;
        memcpy(ret_step->index, name.bytes, name.length);
        ret_step->index[name.length] = '\0';
        return 0;
    }
    return -1;
}

static bool is_comment(struct text line)
{
    line = text_trim(line);
    return line.length == 0 || begins_with(line, "--");
}

/* A step more, whose commands begin at `rest`. */
static int begin_step(const struct migration *migration, struct text mark, struct text rest,
                      struct migration_steps *steps, struct error *err)
{
    if (steps->count == MIGRATION_STEPS_MAX)
        return error_set(err, ERROR_CONFIG, "migration %s: more than %d steps", migration->name,
                         MIGRATION_STEPS_MAX);
    struct migration_step *step = &steps->steps[steps->count++];
    step->sql = (struct text){rest.bytes, 0};
    if (read_mark(text_trim(after(mark, strlen(MARK))), step) == 0)
        return 0;
    return error_set(err, ERROR_CONFIG, "migration %s: unknown mark '%.*s'", migration->name,
                     (int)mark.length, mark.bytes);
}

int migration_steps_parse(const struct migration *migration, struct migration_steps *ret_steps,
                          struct error *err)
{
    struct text rest = {migration->sql, migration->length};
    bool has_commands = false; /* outside a step */
    *ret_steps = (struct migration_steps){0};
    while (rest.length > 0) {
        struct text line = take_line(&rest);
        if (begins_with(line, MARK)) {
            if (begin_step(migration, line, rest, ret_steps, err) < 0)
                return -1;
        } else if (ret_steps->count > 0) {
            struct text *sql = &ret_steps->steps[ret_steps->count - 1].sql;
            sql->length = (size_t)(rest.bytes - sql->bytes);
        } else {
            has_commands = has_commands || !is_comment(line);
        }
    }
    if (has_commands && ret_steps->count > 0)
        return error_set(err, ERROR_CONFIG, "migration %s: a command before the first mark",
                         migration->name);
    if (ret_steps->count == 0)
        ret_steps->steps[ret_steps->count++] = (struct migration_step){
            .kind = MIGRATION_STEP_WHOLE, .sql = {migration->sql, migration->length}};
    return 0;
}
