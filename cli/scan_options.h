/* What the command line says of a scan, as the engine takes it. */
#ifndef CLI_SCAN_OPTIONS_H
#define CLI_SCAN_OPTIONS_H

#include "base/secret.h"
#include "command.h"
#include "redis/url.h"
#include "scan/scan.h"

struct scan_options {
    struct scan_request request; /* points into what is below; must not be moved */
    struct scan_analysis_options analysis;
    struct redis_url url;
    struct endpoint endpoints[ARGUMENTS_VALUES_MAX]; /* beside the URL's */
    int endpoint_count;
    struct outbound *outbound;
    const char *profile;
    int limit; /* rows of a table */
    char *tls_ca, *tls_certificate;
    char tls_key[SECRET_MAX + 1];
    char password[SECRET_MAX + 1];
};

/* Reads the options, and the password and the certificates that they name.  What is not given is as
 * the settings have it.  The layout and the place are left to scan_target_find.  Mistakes are
 * ERROR_INVALID_PARAMETER.  Released by scan_options_release, also after a failure. */
int scan_options_init(struct scan_options *options, const struct cli *cli, struct error *err);
void scan_options_release(struct scan_options *options);

#endif
