/* Escape sequences are ECMA-48's SGR, the eight colours that every terminal has. */
#include "style.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_colours;

static const char *const sequences[] = {
    [STYLE_PLAIN] = "",       [STYLE_HEADING] = "\033[1m",  [STYLE_GOOD] = "\033[32m",
    [STYLE_BAD] = "\033[31m", [STYLE_WAITING] = "\033[33m",
};

bool style_is_wanted(bool is_terminal, const char *term, const char *no_color)
{
    return is_terminal && term && term[0] && strcmp(term, "dumb") != 0 &&
           (!no_color || !no_color[0]);
}

void style_begin(void)
{
    has_colours = style_is_wanted(isatty(STDOUT_FILENO), getenv("TERM"), getenv("NO_COLOR"));
}

enum style style_of_state(const char *word)
{
    static const struct {
        const char *word;
        enum style style;
    } states[] = {
        {"success", STYLE_GOOD},     {"RUNNING", STYLE_GOOD},     {"failed", STYLE_BAD},
        {"ERROR", STYLE_BAD},        {"refused", STYLE_BAD},      {"waiting", STYLE_WAITING},
        {"CREATING", STYLE_WAITING}, {"rejected", STYLE_WAITING}, {"skipped", STYLE_WAITING},
    };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].word, word) == 0)
            return states[i].style;
    }
    return STYLE_PLAIN;
}

const char *style_on(enum style style)
{
    return has_colours ? sequences[style] : "";
}

const char *style_off(enum style style)
{
    return has_colours && style != STYLE_PLAIN ? "\033[0m" : "";
}
