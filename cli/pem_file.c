/* PEM text as it is: whether OpenSSL can use it is found out when it is used. */
#include "pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/scope.h"
#include "base/text.h"

enum { PEM_MAX = 64 * 1024 };

int pem_file_read(const char *path, char **ret_pem, struct error *err)
{
    *ret_pem = NULL;
    if (!path)
        return 0;
    SCOPED(scope_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    char pem[PEM_MAX + 1];
    ssize_t length = file < 0 ? -1 : read(file, pem, PEM_MAX);
    if (length < 0)
        return error_set(err, ERROR_CONFIG, "%s: %s", path, strerror(errno));
    pem[length] = '\0';
    if (length == PEM_MAX || strlen(pem) != (size_t)length ||
        !strstr(pem, "-----BEGIN CERTIFICATE-----"))
        return error_set(err, ERROR_CONFIG, "%s: no PEM certificates of less than %d bytes", path,
                         PEM_MAX);
    *ret_pem = text_copy(pem, (size_t)length);
    return 0;
}
