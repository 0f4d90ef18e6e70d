/* Makes a manual page of its template: writes it to standard output, and in the place of a line
 * `@settings@` or
 * `@commands@` the program's own table, in mdoc(7).  A tool of the build. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "command.h"

enum { LINE_MAX_LENGTH = 1024 };

/* Returns the start of the next sentence where c is the end of one, else null. */
static const char *find_sentence(const char *c)
{
    const char *next = c + 1 + strspn(c + 1, " ");
    return *c == '.' && next > c + 1 && isupper((unsigned char)*next) ? next : NULL;
}

/* What mdoc would take for itself is written otherwise, and what is to be typed keeps its hyphens.
 */
static void put_character(const char *c, bool at_line_start, bool at_word_start)
{
    if (at_line_start && (*c == '.' || *c == '\''))
        fputs("\\&", stdout);
    if (*c == '\\')
        fputs("\\e", stdout);
    else if (*c == '-' && (at_word_start || c[-1] == '-' || c[1] == '-'))
        fputs("\\-", stdout);
    else
        putchar(*c);
}

/* Lines of their own; a sentence begins one. */
static void put_text(const char *text)
{
    bool at_line_start = true;
    for (const char *c = text; *c; c++) {
        const char *sentence = find_sentence(c);
        if (sentence)
            fputs(".\n", stdout);
        else
            put_character(c, at_line_start, c == text || c[-1] == ' ');
        c = sentence ? sentence - 1 : c;
        at_line_start = sentence || *c == '\n';
    }
    putchar('\n');
}

/* A word of a macro's line, never a macro itself. */
static void put_word(const char *macro, const char *word)
{
    printf(" %s \\&%s", macro, word);
}

static void put_option(const char *before, const struct option_description *option)
{
    /* mdoc writes the first dash. */
    printf("%s Fl %s", before, option->name + 1);
    if (option->value)
        put_word("Ar", option->value);
}

static void put_options(const struct command *command)
{
    if (!(command->allowed | command->required))
        return;
    puts(".Bl -tag -width Ds -compact");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!((command->allowed | command->required) & OPTION_BIT(i)))
            continue;
        put_option(".It", &option_descriptions[i]);
        putchar('\n');
        put_text(option_descriptions[i].help);
    }
    puts(".El");
}

static void put_command(const struct command *command)
{
    printf(".It");
    put_word("Ic", command->noun);
    if (command->verb)
        put_word("Ic", command->verb);
    if (command->word)
        put_word("Ar", command->word);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (command->required & OPTION_BIT(i))
            put_option("", &option_descriptions[i]);
    }
    if (command->allowed & ~command->required)
        printf(" Op Ar options");
    putchar('\n');
    put_text(command->summary);
    if (command->details) {
        puts(".Pp");
        put_text(command->details);
    }
    put_options(command);
}

static void put_commands(void)
{
    puts(".Bl -tag -width Ds");
    for (const struct command *command = commands; command->noun; command++)
        put_command(command);
    puts(".El");
}

static void put_setting(const char *name, const char *help, const char *unit)
{
    printf(".It Ic %s Pq %s\n", name, unit);
    put_text(help);
}

static void put_text_setting(const char *name, const char *value, const char *unit,
                             const char *help)
{
    put_setting(name, help, unit);
    if (value[0])
        printf(".br\nDefault:\n.Ql %s\n", value);
}

static void put_secret_setting(const char *name, const char *unit, const char *help)
{
    put_setting(name, help, unit);
    puts(".br\nA secret: in the file or the environment only.");
}

static void put_number_setting(const char *name, int64_t value, int64_t least, int64_t most,
                               const char *unit, const char *help)
{
    put_setting(name, help, unit);
    printf(".br\nDefault: %" PRId64 "; from %" PRId64 " to %" PRId64 "\n", value, least, most);
}

static void put_settings(void)
{
    puts(".Bl -tag -width Ds");
#define T(name, value, unit, help) put_text_setting(#name, value, unit, help);
#define S(name, value, unit, help) put_secret_setting(#name, unit, help);
#define W(name, value, words, reload, help) put_text_setting(#name, value, words, help);
#define P(name, reload, help) put_text_setting(#name, "", "path", help);
#define N(name, value, least, most, unit, help)                                                    \
    put_number_setting(#name, value, least, most, unit, help);
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
    puts(".El");
}

int main(void)
{
    char line[LINE_MAX_LENGTH];
    while (fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, "@settings@\n") == 0)
            put_settings();
        else if (strcmp(line, "@commands@\n") == 0)
            put_commands();
        else
            fputs(line, stdout);
    }
    return ferror(stdin) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
