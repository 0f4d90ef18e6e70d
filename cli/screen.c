/* The private modes are xterm's, which all terminals know that have an alternate screen: 1049 that
 * screen, 7 the turn at a line's end, 25 the cursor.  Whatever is drawn is written in one piece. */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINES_DEFAULT = 24, SCREEN_BYTES = 1 << 16 };

static bool is_open;
static char buffer[SCREEN_BYTES];

static bool can_draw(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && term[0] && strcmp(term, "dumb") != 0;
}

bool screen_open(void)
{
    is_open = can_draw();
    if (!is_open)
        return false;
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    fputs("\033[?1049h\033[?7l\033[?25l", stdout);
    return true;
}

void screen_close(void)
{
    if (!is_open)
        return;
    fputs("\033[?25h\033[?7h\033[?1049l", stdout);
    fflush(stdout);
    is_open = false;
}

void screen_clear(void)
{
    if (is_open)
        fputs("\033[H\033[J", stdout);
}

void screen_show(void)
{
    fflush(stdout);
}

int screen_lines(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
        return LINES_DEFAULT;
    return size.ws_row;
}
