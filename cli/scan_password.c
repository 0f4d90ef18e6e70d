/* While a person types, the terminal shows nothing; however that ends, it is as it was before. */
#include "scan_password.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "interrupt.h"
#include "sealing.h"

enum { INTERRUPT_INTERVAL_MS = 100 };

/* A signal that comes before the wait does not end it: so it is never a long one. */
static int wait_for_input(struct error *err)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!interrupt_has_come()) {
        if (poll(&input, 1, INTERRUPT_INTERVAL_MS) > 0)
            return 0;
    }
    return error_set(err, ERROR_SCAN_CANCELLED, "interrupted");
}

/* Until the line's end or the terminal's; 0 bytes where it has none. */
static int read_line(char *ret_line, size_t *ret_length, struct error *err)
{
    size_t length = 0;
    ssize_t count;
    do {
        if (wait_for_input(err) < 0)
            return -1;
        count = read(STDIN_FILENO, ret_line + length, SECRET_MAX + 1 - length);
        if (count < 0 && errno != EINTR)
            return error_set(err, ERROR_SECRET, "terminal: %s", strerror(errno));
        length += count > 0 ? (size_t)count : 0;
        if (length > SECRET_MAX)
            return error_set(err, ERROR_SECRET, "longer than %d bytes", SECRET_MAX);
    } while (count != 0 && (length == 0 || ret_line[length - 1] != '\n'));
    *ret_length = count > 0 ? length - 1 : length;
    return 0;
}

static int read_password(char *ret_password, struct error *err)
{
    size_t length = 0;
    if (read_line(ret_password, &length, err) < 0)
        return -1;
    if (length == 0)
        return error_set(err, ERROR_SECRET, "the password is empty");
    if (memchr(ret_password, '\0', length))
        return error_set(err, ERROR_SECRET, "the password has a NUL byte");
    ret_password[length] = '\0';
    return 0;
}

static int ask(char *ret_password, struct error *err)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--ask-password needs a terminal as standard input");
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ICANON | ISIG;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs("Password: ", stderr);
    int status = read_password(ret_password, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return status;
}

static int from_environment(char *ret_password, struct error *err)
{
    const char *value = getenv("REDISCLI_AUTH");
    size_t length = value ? strlen(value) : 0;
    if (length > SECRET_MAX)
        return error_set(err, ERROR_SECRET, "REDISCLI_AUTH: longer than %d bytes", SECRET_MAX);
    if (length > 0)
        memcpy(ret_password, value, length);
    ret_password[length] = '\0';
    return 0;
}

int scan_password_get(const struct arguments *arguments, char *ret_password, struct error *err)
{
    const char *path = arguments_value(arguments, OPTION_PASSWORD_FILE);
    size_t length = 0;
    if (path && arguments_have(arguments, OPTION_ASK_PASSWORD))
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--password-file and --ask-password exclude each other");
    if (path)
        return password_read(path, ret_password, &length, err);
    if (arguments_have(arguments, OPTION_ASK_PASSWORD))
        return ask(ret_password, err);
    return from_environment(ret_password, err);
}
