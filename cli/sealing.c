/* The tool's only way from a secret to the database. */
#include "sealing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/scope.h"
#include "base/text.h"

static void keyring_cleanup(struct keyring **keyring)
{
    keyring_free(*keyring);
}

int sealing_load(const struct config *config, struct keyring **ret_keyring, struct error *err)
{
    if (config->key_file[0] == '\0')
        return error_set(err, ERROR_CONFIG,
                         "key_file is not set ('dcsctl secret generate-key FILE' makes one)");
    return keyring_load(config->key_file, ret_keyring, err);
}

int seal(const struct config *config, struct secret_owner owner, const char *secret, size_t length,
         char ret_text[SEALED_TEXT_MAX], struct error *err)
{
    SCOPED(keyring_cleanup) struct keyring *keyring = NULL;
    unsigned char sealed[SECRET_SEALED_MAX];
    size_t sealed_length;
    if (sealing_load(config, &keyring, err) < 0 ||
        secret_seal(keyring, &owner, secret, length, sealed, &sealed_length, err) < 0)
        return -1;
    ret_text[0] = '\\';
    ret_text[1] = 'x';
    text_format_hex(sealed, sealed_length, ret_text + 2);
    return 0;
}

static int read_all(int file, const char *path, char *ret_bytes, size_t *ret_length,
                    struct error *err)
{
    size_t length = 0;
    for (;;) {
        ssize_t count = read(file, ret_bytes + length, SECRET_PASSWORD_MAX + 1 - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
        if (count == 0)
            break;
        length += (size_t)count;
        if (length > SECRET_PASSWORD_MAX)
            return error_set(err, ERROR_SECRET, "%s: longer than %d bytes", path,
                             SECRET_PASSWORD_MAX);
    }
    *ret_length = length;
    return 0;
}

int password_read(const char *path, char *ret_password, size_t *ret_length, struct error *err)
{
    bool input = strcmp(path, "-") == 0;
    SCOPED(scope_close) int file = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    size_t length = 0;
    if (read_all(file, input ? "standard input" : path, ret_password, &length, err) < 0)
        return -1;
    if (length > 0 && ret_password[length - 1] == '\n')
        length--;
    if (length > 0 && ret_password[length - 1] == '\r')
        length--;
    if (length == 0)
        return error_set(err, ERROR_SECRET, "%s: the password is empty", path);
    if (memchr(ret_password, '\0', length))
        return error_set(err, ERROR_SECRET, "%s: the password has a NUL byte", path);
    ret_password[length] = '\0';
    *ret_length = length;
    return 0;
}
