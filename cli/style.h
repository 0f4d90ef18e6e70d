/* Colours on standard output, for people at a terminal only. */
#ifndef CLI_STYLE_H
#define CLI_STYLE_H

#include <stdbool.h>

enum style { STYLE_PLAIN, STYLE_HEADING, STYLE_GOOD, STYLE_BAD, STYLE_WAITING };

/* Whether a terminal gets colours: not where its TERM is unset or `dumb`, or where NO_COLOR is set
 * and not empty (no-color.org).  Both values may be null. */
bool style_is_wanted(bool is_terminal, const char *term, const char *no_color);

/* Decides for standard output and the environment; until then there are none. */
void style_begin(void);

/* What a status, a decision or an outcome means to a person: the worse, the more visible. */
enum style style_of_state(const char *word);

/* What to write before and after: nothing where there are no colours. */
const char *style_on(enum style style);
const char *style_off(enum style style);

#endif
