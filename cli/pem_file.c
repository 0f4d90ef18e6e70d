/* One reader for all: what is no text, or more of it than there is room for, is refused. */
#include "pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/certificate.h"
#include "base/scope.h"
#include "base/secret.h"

enum { CERTIFICATES_MAX = 64 * 1024 };

/* Reads a text of less than size bytes. */
static int read_text(const char *path, char *ret_text, size_t size, struct error *err)
{
    SCOPED(scope_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t moved = file < 0 ? -1 : 1;
    while (moved > 0 && length < size) {
        moved = read(file, ret_text + length, size - length);
        length += moved > 0 ? (size_t)moved : 0;
    }
    if (moved < 0)
        return error_set(err, ERROR_CONFIG, "%s: %s", path, strerror(errno));
    if (length == size)
        return error_set(err, ERROR_CONFIG, "%s: too large", path);
    ret_text[length] = '\0';
    return strlen(ret_text) == length ? 0 : error_set(err, ERROR_CONFIG, "%s: no text", path);
}

static int read_certificates(const char *path, size_t size, char **ret_pem, struct error *err)
{
    char *pem = calloc(1, size);
    if (!pem)
        abort();
    int status = read_text(path, pem, size, err);
    if (status == 0 && !strstr(pem, "-----BEGIN CERTIFICATE-----"))
        status = error_set(err, ERROR_CONFIG, "%s: no certificate in PEM", path);
    if (status == 0)
        *ret_pem = pem;
    else
        free(pem);
    return status;
}

int pem_file_read(const char *path, char **ret_pem, struct error *err)
{
    *ret_pem = NULL;
    return path ? read_certificates(path, CERTIFICATES_MAX, ret_pem, err) : 0;
}

int pem_file_read_pair(const char *certificate_path, const char *key_path, char **ret_certificate,
                       char *ret_key, struct error *err)
{
    struct error check = {0};
    *ret_certificate = NULL;
    if (!certificate_path || !*certificate_path || !key_path || !*key_path)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--client-certificate and --client-key-file come together");
    if (read_certificates(certificate_path, CERTIFICATE_PEM_MAX, ret_certificate, err) < 0)
        return -1;
    int status = read_text(key_path, ret_key, SECRET_MAX + 1, err);
    if (status == 0 && certificate_check(*ret_certificate, ret_key, &check) < 0)
        status = error_set(err, ERROR_CONFIG, "%s", check.text);
    if (status < 0) {
        free(*ret_certificate);
        *ret_certificate = NULL;
    }
    return status;
}
