/* A password that lies in a file, and its exchange while the program runs.
 *
 * Beside what the file holds, the last password is kept that the other side accepted, for as long
 * as that is another one: whoever logs in tries the file's first and then that.  So a file that is
 * half written, or that was changed before the other side was, shuts nobody out.
 *
 * One object for the life of a program.  Any thread, but for password_watch, which one thread
 * calls, and password_free. */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include <stdbool.h>

#include "base/secret_file.h"

enum { PASSWORD_MAX = 1023, PASSWORD_WATCH_MS = 2000 };

struct password;

/* A copy; its owner cleanses it. */
struct password_text {
    char text[PASSWORD_MAX + 1];
};

enum password_which { PASSWORD_OF_FILE, PASSWORD_ACCEPTED };

/* Reads a file whose only line is the password, with or without its end; it must not be readable by
 * others.  An empty path is none: then *ret_password is null, which all of these take.  Fails with
 * ERROR_SECRET, whose text begins with the setting's name. */
int password_load(enum secret_file file, const char *path, struct password **ret_password,
                  struct error *err);
void password_free(struct password *password);

/* Reads the file again.  Logs `password_loaded`, or `password_not_loaded`, once for each reason;
 * asked says that a person wants to know: then it is logged whatever comes of it. */
void password_watch(struct password *password, bool asked);

/* False, and nothing is copied, where there is none of these. */
bool password_copy(const struct password *password, enum password_which which,
                   struct password_text *ret_text);
/* Whether there is another one to try after the file's. */
bool password_has_accepted(const struct password *password);

/* Somebody logged in with that.  Where the file's was refused before, that is logged once, as
 * `password_refused`. */
void password_note_accepted(struct password *password, enum password_which which,
                            const struct password_text *text);

#endif
