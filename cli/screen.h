/* A terminal's whole screen, drawn anew each time; the one before comes back at the end. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>

/* Whether standard output is a terminal that can be drawn upon; where not, the others do nothing.
 * The screen must be closed however the program ends. */
bool screen_open(void);
void screen_close(void);

/* What is written to standard output until screen_show begins at the top left corner.  Lines that
 * are too long are cut off by the terminal. */
void screen_clear(void);
void screen_show(void);

/* Lines that there is room for; 24 where the terminal does not say. */
int screen_lines(void);

#endif
