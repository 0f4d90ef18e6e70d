/* Claim, send, record; then wait: for the database's bell where nothing is on its way, else for the
 * sockets, and for the bell by looking once a second. */
#include "webhook.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pulse.h"
#include "base/scope.h"
#include "model/webhook_store.h"
#include "pg/session.h"
#include "webhook_transfer.h"
#include "worker_metrics.h"

enum {
    STATEMENT_TIMEOUT_MS = 10000,
    RETRY_MS = 1000,
    LOOK_MS = 1000,
    PROJECT_SHARE = 4,
    MS_PER_SECOND = 1000,
    ARRAY_ENTRY_MAX = UUID_TEXT_LENGTH + 1,
};

struct webhook_sender {
    const struct config *config;
    const struct keyring *keyring;
    struct webhook_settings settings;
    struct pg_session *session; /* the thread's, as are those below */
    CURLM *multi;
    struct webhook_transfer *transfers;
    int capacity, in_flight;
    int64_t look_ms;
    pthread_t thread;
    struct pulse pulse;
    atomic_bool stopping;
    int wake; /* an eventfd, readable once it is to stop */
};

static void context_cleanup(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

int webhook_check_settings(const struct config *config, struct error *err)
{
    SCOPED(context_cleanup) SSL_CTX *context = NULL;
    if (!config->webhook_ca[0])
        return 0;
    context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_file(context, config->webhook_ca) != 1)
        return error_set(err, ERROR_CONFIG, "webhook_ca: no certificates in '%s'",
                         config->webhook_ca);
    return 0;
}

static bool is_stopping(struct webhook_sender *sender)
{
    return atomic_load(&sender->stopping);
}

static struct webhook_transfer *find_free(struct webhook_sender *sender)
{
    for (int i = 0; i < sender->capacity; i++) {
        if (!sender->transfers[i].easy)
            return &sender->transfers[i];
    }
    abort();
}

static void bind_claim(const struct webhook_claim *claim, struct pg_parameters *parameters)
{
    pg_parameters_init(parameters);
    pg_parameters_add_reference(parameters, claim->project.text);
    pg_parameters_add_reference(parameters, claim->id.text);
    pg_parameters_add_integer(parameters, claim->attempt);
}

/* What the database does not take is sent again, when the claim has lapsed. */
static int execute(struct webhook_sender *sender, const struct pg_statement *statement,
                   const struct pg_parameters *parameters, struct pg_rows *ret_rows)
{
    struct error err = {0};
    if (pg_session_execute(sender->session, statement, parameters, ret_rows, &err) == 0)
        return 0;
    metric_count(&metric_failures, UNIT_WEBHOOK, 0);
    LOG_WARNING("webhook_not_recorded", LOG_ERROR_FIELDS(&err));
    return -1;
}

static void record_failure(struct webhook_sender *sender, const struct webhook_claim *claim,
                           const struct webhook_outcome *outcome)
{
    struct pg_parameters parameters;
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    bind_claim(claim, &parameters);
    if (outcome->status > 0)
        pg_parameters_add_integer(&parameters, outcome->status);
    else
        pg_parameters_add_reference(&parameters, NULL);
    pg_parameters_add_reference(&parameters, webhook_result_text(outcome->result));
    pg_parameters_add_integer(&parameters, sender->config->webhook_retry_seconds);
    pg_parameters_add_integer(&parameters, outcome->retry_after);
    pg_parameters_add_boolean(&parameters, outcome->result == WEBHOOK_GONE);
    if (execute(sender, &webhook_delivery_fail, &parameters, &rows) == 0 && rows.row_count > 0 &&
        pg_rows_boolean(&rows, 0, 0))
        metric_count(&metric_webhooks_given_up, 0, 0);
}

static void record(struct webhook_sender *sender, const struct webhook_claim *claim,
                   const struct webhook_outcome *outcome)
{
    struct pg_parameters parameters;
    metric_count(&metric_webhook_attempts, outcome->result, 0);
    if (outcome->result != WEBHOOK_DELIVERED) {
        record_failure(sender, claim, outcome);
        return;
    }
    bind_claim(claim, &parameters);
    pg_parameters_add_integer(&parameters, outcome->status);
    execute(sender, &webhook_delivery_succeed, &parameters, NULL);
}

/* The addresses are for whoever runs this, not for whoever has the webhook. */
static void log_failure(const struct webhook_transfer *transfer,
                        const struct webhook_outcome *outcome, CURLcode code)
{
    if (outcome->result == WEBHOOK_DELIVERED)
        return;
    LOG_INFO("webhook_failed", LOG_TEXT("delivery", transfer->claim.id.text),
             LOG_TEXT("webhook", transfer->claim.webhook.text),
             LOG_TEXT("project", transfer->claim.project.text),
             LOG_NUMBER("attempt", transfer->claim.attempt), LOG_NUMBER("status", outcome->status),
             LOG_TEXT("reason", webhook_result_text(outcome->result)),
             LOG_TEXT("curl", curl_easy_strerror(code)), LOG_TEXT_IF("refused", transfer->refusal));
}

static void finish(struct webhook_sender *sender, CURL *easy, CURLcode code)
{
    char *place = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &place);
    struct webhook_transfer *transfer = (void *)place;
    struct webhook_outcome outcome = webhook_transfer_outcome(transfer, code);
    curl_multi_remove_handle(sender->multi, easy);
    log_failure(transfer, &outcome, code);
    record(sender, &transfer->claim, &outcome);
    webhook_transfer_release(transfer);
    sender->in_flight--;
    sender->look_ms = 0;
}

static void advance(struct webhook_sender *sender)
{
    int running, left;
    const CURLMsg *message;
    curl_multi_perform(sender->multi, &running);
    while ((message = curl_multi_info_read(sender->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(sender, message->easy_handle, message->data.result);
        pulse_beat(&sender->pulse);
    }
}

static int open_secret(struct webhook_sender *sender, const struct webhook_claim *claim,
                       const struct pg_rows *rows, int row,
                       unsigned char ret_secret[WEBHOOK_SECRET_LENGTH], struct error *err)
{
    struct secret_owner owner = webhook_secret_owner(claim->project.text, claim->webhook.text);
    unsigned char sealed[WEBHOOK_SECRET_LENGTH + SECRET_OVERHEAD];
    char secret[SECRET_MAX + 1];
    size_t length = 0;
    ptrdiff_t sealed_length =
        pg_rows_bytes(rows, row, WEBHOOK_CLAIM_SEALED_SECRET, sealed, sizeof(sealed));
    if (sealed_length < 0)
        return error_set(err, ERROR_SECRET, "the sealed secret of a webhook is malformed");
    if (secret_open(sender->keyring, &owner, sealed, (size_t)sealed_length, secret, &length, err) <
        0)
        return -1;
    if (length == WEBHOOK_SECRET_LENGTH)
        memcpy(ret_secret, secret, length);
    secret_cleanse(secret, length);
    return length == WEBHOOK_SECRET_LENGTH
               ? 0
               : error_set(err, ERROR_SECRET, "the secret of a webhook has another length");
}

static void fail_unsigned(struct webhook_sender *sender, const struct webhook_claim *claim,
                          const struct error *err)
{
    static struct log_limit limit;
    const struct webhook_outcome outcome = {.result = WEBHOOK_UNSIGNED};
    if (log_limit_passes(&limit))
        LOG_WARNING("webhook_unsigned", LOG_TEXT("webhook", claim->webhook.text),
                    LOG_ERROR_FIELDS(err));
    record(sender, claim, &outcome);
}

static void read_claim(const struct pg_rows *rows, int row, struct webhook_claim *ret_claim)
{
    if (uuid_parse(pg_rows_text(rows, row, WEBHOOK_CLAIM_PROJECT_ID), &ret_claim->project) < 0 ||
        uuid_parse(pg_rows_text(rows, row, WEBHOOK_CLAIM_ID), &ret_claim->id) < 0 ||
        uuid_parse(pg_rows_text(rows, row, WEBHOOK_CLAIM_WEBHOOK_ID), &ret_claim->webhook) < 0)
        abort();
    ret_claim->attempt = pg_rows_integer(rows, row, WEBHOOK_CLAIM_ATTEMPT);
}

static void begin(struct webhook_sender *sender, const struct pg_rows *rows, int row)
{
    unsigned char secret[WEBHOOK_SECRET_LENGTH];
    struct webhook_claim claim;
    struct error err = {0};
    read_claim(rows, row, &claim);
    if (open_secret(sender, &claim, rows, row, secret, &err) < 0) {
        fail_unsigned(sender, &claim, &err);
        return;
    }
    struct webhook_transfer *transfer = find_free(sender);
    const struct webhook_parcel parcel = {
        .url = pg_rows_text(rows, row, WEBHOOK_CLAIM_URL),
        .body = pg_rows_text(rows, row, WEBHOOK_CLAIM_PAYLOAD),
        .secret = secret,
    };
    transfer->claim = claim;
    transfer->settings = &sender->settings;
    webhook_transfer_begin(transfer, &parcel);
    secret_cleanse(secret, sizeof(secret));
    if (curl_multi_add_handle(sender->multi, transfer->easy) != CURLM_OK)
        abort();
    sender->in_flight++;
}

/* `{id,...}` of all that are on their way; the caller frees it. */
static char *list_busy(const struct webhook_sender *sender, bool projects)
{
    char *list = calloc((size_t)sender->capacity + 1, ARRAY_ENTRY_MAX);
    if (!list)
        abort();
    char *end = list;
    *end++ = '{';
    for (int i = 0; i < sender->capacity; i++) {
        const struct webhook_transfer *transfer = &sender->transfers[i];
        if (!transfer->easy)
            continue;
        if (end > list + 1)
            *end++ = ',';
        memcpy(end, projects ? transfer->claim.project.text : transfer->claim.webhook.text,
               UUID_TEXT_LENGTH);
        end += UUID_TEXT_LENGTH;
    }
    *end = '}';
    return list;
}

/* Longer than a delivery may take, by a worker's own lease. */
static int64_t lease_seconds(const struct config *config)
{
    return config->lease_seconds + (config->webhook_timeout_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
}

/* Returns how many were taken, or -1 where the database does not answer. */
static int claim(struct webhook_sender *sender, struct error *err)
{
    SCOPED(scope_free) char *webhooks = list_busy(sender, false);
    SCOPED(scope_free) char *projects = list_busy(sender, true);
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct pg_parameters parameters;
    pg_parameters_init(&parameters);
    pg_parameters_add_integer(&parameters, lease_seconds(sender->config));
    pg_parameters_add_integer(&parameters, sender->capacity - sender->in_flight);
    pg_parameters_add_reference(&parameters, webhooks);
    pg_parameters_add_reference(&parameters, projects);
    pg_parameters_add_integer(&parameters, (sender->capacity + PROJECT_SHARE - 1) / PROJECT_SHARE);
    if (pg_session_execute(sender->session, &webhook_delivery_claim, &parameters, &rows, err) < 0)
        return -1;
    for (int row = 0; row < rows.row_count; row++)
        begin(sender, &rows, row);
    return rows.row_count;
}

/* As long as there is room and something is due. */
static int claim_all(struct webhook_sender *sender, struct error *err)
{
    int count = 1;
    if (clock_monotonic_ms() < sender->look_ms)
        return 0;
    while (count > 0 && sender->in_flight < sender->capacity && !is_stopping(sender)) {
        pulse_beat(&sender->pulse);
        count = claim(sender, err);
    }
    sender->look_ms = clock_monotonic_ms() + LOOK_MS;
    return count < 0 ? -1 : 0;
}

/* A session that was lost listens to nothing when it is back, which only listening again mends: it
 * costs next to nothing and is done before every wait.  What came before that is looked for once
 * more. */
static int wait_for_bell(struct webhook_sender *sender, struct error *err)
{
    if (pg_session_connect(sender->session, err) < 0 ||
        pg_session_script(sender->session, "LISTEN " WEBHOOK_CHANNEL, err) < 0)
        return -1;
    int count = claim(sender, err);
    if (count != 0)
        return count;
    sender->look_ms = 0;
    return pg_session_wait(sender->session, (int)sender->config->poll_seconds * MS_PER_SECOND,
                           sender->wake, NULL, NULL, err);
}

static void wait_for_sockets(struct webhook_sender *sender)
{
    struct curl_waitfd wake = {.fd = sender->wake, .events = CURL_WAIT_POLLIN};
    curl_multi_poll(sender->multi, &wake, 1, LOOK_MS, NULL);
    advance(sender);
}

static void pause_after(struct webhook_sender *sender, const struct error *err)
{
    struct pollfd wake = {.fd = sender->wake, .events = POLLIN};
    metric_count(&metric_failures, UNIT_WEBHOOK, 0);
    LOG_WARNING("webhooks_wait", LOG_ERROR_FIELDS(err));
    sender->look_ms = clock_monotonic_ms() + RETRY_MS;
    if (sender->in_flight == 0)
        poll(&wake, 1, RETRY_MS);
}

static void give_back(struct webhook_sender *sender)
{
    for (int i = 0; i < sender->capacity; i++) {
        struct webhook_transfer *transfer = &sender->transfers[i];
        struct pg_parameters parameters;
        if (!transfer->easy)
            continue;
        bind_claim(&transfer->claim, &parameters);
        execute(sender, &webhook_delivery_release, &parameters, NULL);
        curl_multi_remove_handle(sender->multi, transfer->easy);
        webhook_transfer_release(transfer);
    }
}

static void *run(void *argument)
{
    struct webhook_sender *sender = argument;
    const struct config *config = sender->config;
    pulse_begin(&sender->pulse, "webhooks", -1,
                (config->stuck_seconds + config->poll_seconds) * MS_PER_SECOND +
                    2 * (STATEMENT_TIMEOUT_MS + PG_SESSION_GRACE_MS));
    while (!is_stopping(sender)) {
        struct error err = {0};
        pulse_beat(&sender->pulse);
        int status = claim_all(sender, &err);
        if (status == 0 && sender->in_flight == 0)
            status = wait_for_bell(sender, &err);
        if (status < 0)
            pause_after(sender, &err);
        if (sender->in_flight > 0)
            wait_for_sockets(sender);
    }
    give_back(sender);
    pulse_end(&sender->pulse);
    return NULL;
}

struct webhook_sender *webhook_sender_new(const struct config *config,
                                          const struct pg_login *database,
                                          const struct keyring *keyring, struct outbound *outbound)
{
    struct webhook_sender *sender = calloc(1, sizeof(*sender));
    if (!sender || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    sender->config = config;
    sender->keyring = keyring;
    sender->settings = (struct webhook_settings){
        .outbound = outbound,
        .ca = config->webhook_ca,
        .http = strcmp(config->webhook_http, "on") == 0,
        .timeout_ms = config->webhook_timeout_ms,
    };
    sender->capacity = (int)config->webhook_in_flight;
    sender->transfers = calloc((size_t)sender->capacity, sizeof(*sender->transfers));
    sender->multi = curl_multi_init();
    sender->session = pg_session_new(database, "dcs-worker webhooks", STATEMENT_TIMEOUT_MS);
    sender->wake = eventfd(0, EFD_CLOEXEC);
    if (!sender->transfers || !sender->multi || sender->wake < 0 ||
        pthread_create(&sender->thread, NULL, run, sender) != 0)
        abort();
    return sender;
}

void webhook_sender_free(struct webhook_sender *sender)
{
    atomic_store(&sender->stopping, true);
    eventfd_write(sender->wake, 1);
    pthread_join(sender->thread, NULL);
    curl_multi_cleanup(sender->multi);
    curl_global_cleanup();
    close(sender->wake);
    pg_session_free(sender->session);
    free(sender->transfers);
    free(sender);
}
