/* Bounds are those of the settings of the same meaning (base/config.def). */
#include "scan_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_form.h"
#include "base/address_map.h"
#include "pem_file.h"
#include "scan_password.h"

enum {
#define T(name, ...)
#define S(name, ...)
#define W(name, ...)
#define P(name, ...)
#define N(name, value, least, most, ...) least_##name = (least), most_##name = (most),
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
};

static int get_numbers(struct scan_options *options, const struct cli *cli, struct error *err)
{
    const struct config *config = cli->config;
    bool expired = options->request.kind->id == SCAN_KIND_EXPIRED;
    int64_t batch = expired ? config->expired_batch_keys : config->scan_batch_keys;
    int64_t seconds = config->scan_timeout_seconds, nodes = config->scan_nodes_at_once;
    if (arguments_number(cli->arguments, OPTION_BATCH_KEYS, least_scan_batch_keys,
                         expired ? most_expired_batch_keys : most_scan_batch_keys, &batch,
                         err) < 0 ||
        arguments_number(cli->arguments, OPTION_TIMEOUT, least_scan_timeout_seconds,
                         most_scan_timeout_seconds, &seconds, err) < 0 ||
        arguments_number(cli->arguments, OPTION_NODES_AT_ONCE, least_scan_nodes_at_once,
                         most_scan_nodes_at_once, &nodes, err) < 0 ||
        analysis_form_read_rows(cli->arguments, &options->limit, err) < 0)
        return -1;
    options->request.batch_keys = (int)batch;
    options->request.timeout_ms = seconds * 1000;
    options->request.nodes_at_once = (int)nodes;
    return 0;
}

static int get_kind_and_profile(struct scan_options *options, const struct cli *cli,
                                struct error *err)
{
    const char *kind = arguments_value(cli->arguments, OPTION_KIND);
    const char *profile = arguments_value(cli->arguments, OPTION_PROFILE);
    options->request.kind = scan_kind_find(kind ? kind : "bigkey");
    if (!options->request.kind || options->request.kind->id == SCAN_KIND_OFFLINE)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--kind must be bigkey, hotkey, expired or analysis, not '%s'", kind);
    options->profile = profile ? profile : cli->config->scan_profile;
    if (scan_profile_parse(options->profile, &options->request.profile) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--profile must be gentle, balanced or fast, not '%s'", options->profile);
    return 0;
}

static int get_analysis(struct scan_options *options, const struct arguments *arguments,
                        struct error *err)
{
    static const enum option of_analysis[] = {OPTION_MEASURES, OPTION_SEPARATORS,
                                              OPTION_PREFIX_DEPTH, OPTION_TOP};
    struct scan_analysis_options *analysis = &options->analysis;
    bool is_analysis = options->request.kind->id == SCAN_KIND_ANALYSIS;
    analysis_options_init(analysis);
    options->request.analysis = is_analysis ? analysis : NULL;
    for (size_t i = 0; !is_analysis && i < sizeof(of_analysis) / sizeof(of_analysis[0]); i++) {
        if (arguments_have(arguments, of_analysis[i]))
            return error_set(err, ERROR_INVALID_PARAMETER, "%s needs --kind analysis",
                             option_descriptions[of_analysis[i]].name);
    }
    return analysis_form_read(arguments, analysis, err);
}

static int get_endpoints(struct scan_options *options, const struct arguments *arguments,
                         struct error *err)
{
    for (int i = 0; i < arguments->counts[OPTION_ENDPOINT]; i++) {
        const char *word = arguments->values[OPTION_ENDPOINT][i];
        if (endpoint_parse(text_of(word), &options->endpoints[i]) < 0)
            return error_set(err, ERROR_INVALID_PARAMETER, "'%s' is not HOST:PORT", word);
        options->endpoint_count++;
    }
    return 0;
}

static int get_url(struct scan_options *options, const struct cli *cli, struct error *err)
{
    if (redis_url_parse(text_of(cli->word), &options->url, err) < 0)
        return -1;
    if (options->url.password[0])
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "the URL holds a password, which every user of this machine can read on a "
                         "command line; leave it out and use --password-file FILE, --ask-password "
                         "or the environment's REDISCLI_AUTH");
    if (options->url.has_database)
        options->request.database = &options->url.database;
    return 0;
}

static int check_combinations(const struct scan_options *options, const struct arguments *arguments,
                              struct error *err)
{
    bool hotkeys = arguments_have(arguments, OPTION_HOTKEYS_COMMAND);
    static const enum option of_tls[] = {OPTION_TLS_CA, OPTION_TLS_SERVER_NAME,
                                         OPTION_CLIENT_CERTIFICATE, OPTION_CLIENT_KEY_FILE};
    for (size_t i = 0; !options->url.tls && i < sizeof(of_tls) / sizeof(of_tls[0]); i++) {
        if (arguments_have(arguments, of_tls[i]))
            return error_set(err, ERROR_INVALID_PARAMETER, "TLS options need a rediss:// URL");
    }
    if (options->request.with_bytes && options->request.kind->id != SCAN_KIND_BIGKEY)
        return error_set(err, ERROR_INVALID_PARAMETER, "--bytes needs --kind bigkey");
    if (hotkeys && options->request.kind->id != SCAN_KIND_HOTKEY)
        return error_set(err, ERROR_INVALID_PARAMETER, "--hotkeys-command needs --kind hotkey");
    if (hotkeys && options->url.has_database)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--hotkeys-command measures all databases; leave /%d out of the URL",
                         options->url.database);
    if (options->url.username[0] && arguments_have(arguments, OPTION_USER))
        return error_set(err, ERROR_INVALID_PARAMETER, "the URL names a user, and --user as well");
    return 0;
}

static int get_credentials(struct scan_options *options, const struct arguments *arguments,
                           struct error *err)
{
    struct redis_target *target = &options->request.target;
    const char *user = arguments_value(arguments, OPTION_USER);
    if (options->url.username[0])
        user = options->url.username;
    if (scan_password_get(arguments, options->password, err) < 0)
        return -1;
    if (user && !options->password[0])
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "a user needs a password: --password-file FILE, --ask-password or the "
                         "environment's REDISCLI_AUTH");
    target->username = user;
    target->password = options->password[0] ? options->password : NULL;
    return 0;
}

static int get_certificate(struct scan_options *options, const struct arguments *arguments,
                           struct error *err)
{
    struct redis_target *target = &options->request.target;
    const char *path = arguments_value(arguments, OPTION_CLIENT_CERTIFICATE);
    const char *key_path = arguments_value(arguments, OPTION_CLIENT_KEY_FILE);
    if (!path && !key_path)
        return 0;
    if (pem_file_read_pair(path, key_path, &options->tls_certificate, options->tls_key, err) < 0)
        return -1;
    target->tls_certificate = options->tls_certificate;
    target->tls_key = options->tls_key;
    return 0;
}

static int get_address_map(struct scan_options *options, const struct arguments *arguments,
                           struct error *err)
{
    struct address_map map;
    options->request.address_map = arguments_value(arguments, OPTION_ADDRESS_MAP);
    if (address_map_parse(options->request.address_map, &map, err) < 0)
        return -1;
    address_map_release(&map);
    return 0;
}

static int get_target(struct scan_options *options, const struct cli *cli, struct error *err)
{
    struct redis_target *target = &options->request.target;
    target->endpoint = options->url.endpoint;
    /* A person reaches what is theirs without this tool; a server must not send it anywhere. */
    options->outbound = outbound_new_anywhere();
    target->outbound = options->outbound;
    target->tls = options->url.tls;
    target->tls_server_name = arguments_value(cli->arguments, OPTION_TLS_SERVER_NAME);
    target->connect_timeout_ms = (int)cli->config->redis_connect_timeout_ms;
    target->reply_timeout_ms = (int)cli->config->redis_reply_timeout_ms;
    if (pem_file_read(arguments_value(cli->arguments, OPTION_TLS_CA), &options->tls_ca, err) < 0)
        return -1;
    target->tls_ca = options->tls_ca;
    if (get_certificate(options, cli->arguments, err) < 0)
        return -1;
    return get_credentials(options, cli->arguments, err);
}

int scan_options_init(struct scan_options *options, const struct cli *cli, struct error *err)
{
    *options = (struct scan_options){
        .request = {.guard_factor = (int)cli->config->scan_guard_factor,
                    .guard_ms = (int)cli->config->scan_guard_ms,
                    .ceiling_ms = (int)cli->config->scan_ceiling_ms,
                    .hotkeys_command = arguments_have(cli->arguments, OPTION_HOTKEYS_COMMAND),
                    .with_bytes = arguments_have(cli->arguments, OPTION_BYTES),
                    .sentinel_master = arguments_value(cli->arguments, OPTION_SENTINEL_MASTER)},
    };
    if (get_kind_and_profile(options, cli, err) < 0 || get_url(options, cli, err) < 0 ||
        get_analysis(options, cli->arguments, err) < 0 || get_numbers(options, cli, err) < 0 ||
        get_endpoints(options, cli->arguments, err) < 0 ||
        get_address_map(options, cli->arguments, err) < 0 ||
        check_combinations(options, cli->arguments, err) < 0)
        return -1;
    return get_target(options, cli, err);
}

void scan_options_release(struct scan_options *options)
{
    outbound_free(options->outbound);
    free(options->tls_ca);
    free(options->tls_certificate);
    secret_cleanse(options->tls_key, sizeof(options->tls_key));
    redis_url_cleanse(&options->url);
    secret_cleanse(options->password, sizeof(options->password));
}
