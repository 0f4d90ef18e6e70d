/* Two passwords under a lock: the file's, and the last one that was accepted. */
#include "base/password.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

/* In pages of its own. */
struct shared {
    pthread_mutex_t lock;
    struct password_text texts[2];
    bool has_accepted;
    bool is_refused; /* the file's, and it was said */
};

struct password {
    enum secret_file file;
    char *path;
    struct shared *shared;
    struct error problem; /* what was logged last of the file; of the thread that watches */
};

static bool is_same(const struct password_text *one, const struct password_text *other)
{
    return strcmp(one->text, other->text) == 0;
}

/* Of a line, which may have its end; what is behind the first NUL would be lost to those who log
 * in. */
static int check(const struct password *password, char *content, size_t length, struct error *err)
{
    while (length > 0 && (content[length - 1] == '\n' || content[length - 1] == '\r'))
        content[--length] = '\0';
    if (length == 0)
        return error_set(err, ERROR_SECRET, "%s: no password in the file", password->path);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)content[i] < 0x20 || content[i] == 0x7f)
            return error_set(err, ERROR_SECRET, "%s: more than one line, or control characters",
                             password->path);
    }
    return 0;
}

/* ret_text is the caller's to cleanse, also after a failure. */
static int read_text(const struct password *password, struct password_text *ret_text,
                     struct error *err)
{
    ssize_t length = secret_file_read(password->path, ret_text->text, PASSWORD_MAX, err);
    if (length < 0 || check(password, ret_text->text, (size_t)length, err) < 0)
        return error_prefix(err, "%s", secret_file_name(password->file));
    return 0;
}

int password_load(enum secret_file file, const char *path, struct password **ret_password,
                  struct error *err)
{
    *ret_password = NULL;
    if (!path[0])
        return 0;
    struct password *password = calloc(1, sizeof(*password));
    if (!password)
        abort();
    password->file = file;
    password->path = text_copy(path, strlen(path));
    password->shared = secret_pages_new(sizeof(*password->shared));
    pthread_mutex_init(&password->shared->lock, NULL);
    if (read_text(password, &password->shared->texts[PASSWORD_OF_FILE], err) < 0) {
        password_free(password);
        return -1;
    }
    *ret_password = password;
    return 0;
}

void password_free(struct password *password)
{
    if (!password)
        return;
    pthread_mutex_destroy(&password->shared->lock);
    secret_pages_free(password->shared, sizeof(*password->shared));
    free(password->path);
    free(password);
}

/* Whether it is another one. */
static bool take_over(struct shared *shared, const struct password_text *text)
{
    pthread_mutex_lock(&shared->lock);
    bool changed = !is_same(&shared->texts[PASSWORD_OF_FILE], text);
    if (changed) {
        shared->texts[PASSWORD_OF_FILE] = *text;
        shared->is_refused = false;
    }
    pthread_mutex_unlock(&shared->lock);
    return changed;
}

static bool is_refused(struct shared *shared)
{
    pthread_mutex_lock(&shared->lock);
    bool refused = shared->is_refused;
    pthread_mutex_unlock(&shared->lock);
    return refused;
}

void password_watch(struct password *password, bool asked)
{
    struct password_text text;
    struct error err = {0};
    if (!password)
        return;
    int status = read_text(password, &text, &err);
    if (status == 0 && (take_over(password->shared, &text) || asked)) {
        secret_file_count(password->file, SECRET_FILE_LOADED);
        LOG_INFO("password_loaded", LOG_TEXT("setting", secret_file_name(password->file)));
    } else if (status < 0 && (asked || strcmp(err.text, password->problem.text) != 0)) {
        secret_file_count(password->file, SECRET_FILE_FAILED);
        LOG_ERROR("password_not_loaded", LOG_TEXT("setting", secret_file_name(password->file)),
                  LOG_ERROR_FIELDS(&err));
    }
    secret_file_set_used(password->file, status == 0 && !is_refused(password->shared));
    password->problem = err;
    secret_cleanse(&text, sizeof(text));
}

bool password_has_accepted(const struct password *password)
{
    if (!password)
        return false;
    struct shared *shared = password->shared;
    pthread_mutex_lock(&shared->lock);
    bool has = shared->has_accepted &&
               !is_same(&shared->texts[PASSWORD_OF_FILE], &shared->texts[PASSWORD_ACCEPTED]);
    pthread_mutex_unlock(&shared->lock);
    return has;
}

bool password_copy(const struct password *password, enum password_which which,
                   struct password_text *ret_text)
{
    if (!password)
        return false;
    struct shared *shared = password->shared;
    pthread_mutex_lock(&shared->lock);
    bool has = which == PASSWORD_OF_FILE || shared->has_accepted;
    if (has)
        *ret_text = shared->texts[which];
    pthread_mutex_unlock(&shared->lock);
    return has;
}

/* The file may hold yet another one by now, of which nothing is known. */
void password_note_accepted(struct password *password, enum password_which which,
                            const struct password_text *text)
{
    struct shared *shared = password->shared;
    bool says_so = false;
    pthread_mutex_lock(&shared->lock);
    bool is_of_file = is_same(&shared->texts[PASSWORD_OF_FILE], text);
    if (which == PASSWORD_OF_FILE || is_of_file) {
        shared->texts[PASSWORD_ACCEPTED] = *text;
        shared->has_accepted = true;
    }
    if (is_of_file)
        shared->is_refused = false;
    else if (which == PASSWORD_ACCEPTED && !shared->is_refused)
        says_so = shared->is_refused = true;
    pthread_mutex_unlock(&shared->lock);
    if (!says_so)
        return;
    secret_file_count(password->file, SECRET_FILE_REFUSED);
    LOG_WARNING("password_refused", LOG_TEXT("setting", secret_file_name(password->file)));
}
