/* dcsctl secret: key-encryption keys (base/secret.h). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/scope.h"
#include "base/secret.h"
#include "command.h"
#include "report.h"

enum { KEY_LENGTH = 32, LINE_LENGTH = 2 * KEY_LENGTH + 1 };

static const struct report_column columns[] = {{"file", "written to", REPORT_TEXT}};

static int make_line(char line[LINE_LENGTH + 1], struct error *err)
{
    unsigned char key[KEY_LENGTH];
    if (RAND_priv_bytes(key, sizeof(key)) != 1)
        return error_set(err, ERROR_SECRET, "the system has no random bytes");
    text_format_hex(key, sizeof(key), line);
    secret_cleanse(key, sizeof(key));
    line[LINE_LENGTH - 1] = '\n';
    return 0;
}

static int write_file(const char *path, const char *line, struct error *err)
{
    SCOPED(scope_close)
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(errno));
    if (write(file, line, LINE_LENGTH) == LINE_LENGTH && fsync(file) == 0)
        return 0;
    int reason = errno;
    unlink(path);
    return error_set(err, ERROR_SECRET, "%s: %s", path, strerror(reason));
}

int command_secret_generate_key(struct cli *cli, struct error *err)
{
    char line[LINE_LENGTH + 1];
    if (make_line(line, err) < 0)
        return -1;
    int status = write_file(cli->word, line, err);
    secret_cleanse(line, sizeof(line));
    if (status < 0)
        return -1;
    SCOPED(report_release) struct report report;
    report_init(&report, columns, 1);
    report_add_text(&report, cli->word);
    report_write_one(&report, cli->json);
    return 0;
}
