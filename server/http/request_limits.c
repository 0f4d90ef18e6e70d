/* The buckets of the server, and which of them a request pays into. */
#include "request_limits.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "auth/lockout.h"
#include "auth/login.h"
#include "base/clock.h"
#include "base/log.h"
#include "connection.h"
#include "exchange_state.h"
#include "model/scan_task_store.h"

enum { US_PER_SECOND = 1000000 };

struct limits {
    unsigned char key[KEYED_HASH_KEY_LENGTH];
    /* Null where it is off. */
    struct throttle *addresses, *logins, *keys, *projects, *creations;
    struct lockout *lockout;
};

static struct throttle *make(int64_t rate, int64_t burst, int64_t places)
{
    return rate > 0 ? throttle_new(rate, burst, places) : NULL;
}

struct limits *limits_new(const struct config *config)
{
    int64_t places = config->limit_table_entries;
    struct limits *limits = calloc(1, sizeof(*limits));
    if (!limits || RAND_bytes(limits->key, sizeof(limits->key)) != 1)
        abort();
    limits->addresses = make(config->address_rate, config->address_burst, places);
    if (config->identity_url[0])
        limits->logins = make(config->login_rate, config->login_burst, places);
    limits->keys = make(config->key_rate, config->key_burst, places);
    limits->projects = make(config->project_rate, config->project_burst, places);
    limits->creations = make(config->creation_rate, config->creation_burst, places);
    if (config->lockout_failures > 0)
        limits->lockout =
            lockout_new(config->lockout_failures, config->lockout_seconds * US_PER_SECOND, places);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    throttle_free(limits->addresses);
    throttle_free(limits->logins);
    throttle_free(limits->keys);
    throttle_free(limits->projects);
    throttle_free(limits->creations);
    lockout_free(limits->lockout);
    free(limits);
}

struct keyed_hasher *limits_hasher_new(const struct limits *limits)
{
    return keyed_hasher_new(limits->key);
}

static struct limits *limits_of(const struct exchange *exchange)
{
    return exchange->loop->server->limits;
}

/* What is said of a refusal, to the log. */
static const char *const at_limit[] = {
    [LIMIT_ADDRESS] = "the address is at its limit",
    [LIMIT_LOGIN] = "the address is at its limit of log-ins",
    [LIMIT_CREDENTIAL] = "the credential is at its limit",
    [LIMIT_PROJECT] = "the project is at its limit",
    [LIMIT_CREATION] = "the project is at its limit of new tasks",
    [LIMIT_LOCKED] = "access key or user is locked for the address"};

static int refuse(struct exchange *exchange, int64_t wait_us, enum limit_kind kind,
                  struct error *err)
{
    metric_count(&metric_limited, (int)kind, 0);
    exchange->limits.retry_after_seconds = (wait_us + US_PER_SECOND - 1) / US_PER_SECOND;
    return error_set(err, ERROR_THROTTLED, "%s", at_limit[kind]);
}

static int pay(struct exchange *exchange, struct throttle *throttle, uint64_t name,
               enum limit_kind kind, struct error *err)
{
    struct throttle_verdict *tightest = &exchange->limits.tightest, verdict;
    throttle_take(throttle, name, clock_monotonic_us(), &verdict);
    if (tightest->limit == 0 || verdict.remaining < tightest->remaining || !verdict.allowed)
        *tightest = verdict;
    return verdict.allowed ? 0 : refuse(exchange, verdict.reset_us, kind, err);
}

static uint64_t hash(const struct exchange *exchange, struct text first, struct text second)
{
    return keyed_hash(exchange->loop->hasher, first, second);
}

static struct text text_of_address(const struct address *address)
{
    return (struct text){(const char *)address->bytes, sizeof(address->bytes)};
}

int limits_admit_address(struct exchange *exchange, struct error *err)
{
    struct limits *limits = limits_of(exchange);
    struct address *site = &exchange->limits.site;
    if (!limits->addresses && !limits->logins && !limits->lockout)
        return 0;
    *site = connection_client_address(exchange->connection, &exchange->framing);
    *site = address_site(site);
    if (!limits->addresses)
        return 0;
    return pay(exchange, limits->addresses, hash(exchange, text_of_address(site), (struct text){0}),
               LIMIT_ADDRESS, err);
}

static bool creates_task(const struct exchange *exchange)
{
    return exchange->match.operation->statement == &scan_task_create;
}

int limits_admit_identity(struct exchange *exchange, struct error *err)
{
    struct limits *limits = limits_of(exchange);
    const struct identity *identity = &exchange->identity;
    if (limits->keys &&
        pay(exchange, limits->keys, hash(exchange, text_of(identity->name), (struct text){0}),
            LIMIT_CREDENTIAL, err) < 0)
        return -1;
    bool creates = limits->creations && creates_task(exchange);
    if (!identity->project.text[0] || (!limits->projects && !creates))
        return 0;
    uint64_t project = hash(exchange, text_of(identity->project.text), (struct text){0});
    if (limits->projects && pay(exchange, limits->projects, project, LIMIT_PROJECT, err) < 0)
        return -1;
    return creates ? pay(exchange, limits->creations, project, LIMIT_CREATION, err) : 0;
}

/* Whether the name is locked for the address; nothing here is called where there is no lock-out. */
static int admit_name(struct exchange *exchange, struct text name, struct error *err)
{
    struct limits *limits = limits_of(exchange);
    exchange->limits.pair = hash(exchange, text_of_address(&exchange->limits.site), name);
    int64_t wait_us =
        lockout_remaining_us(limits->lockout, exchange->limits.pair, clock_monotonic_us());
    return wait_us > 0 ? refuse(exchange, wait_us, LIMIT_LOCKED, err) : 0;
}

int limits_admit_key(struct exchange *exchange, struct error *err)
{
    return limits_of(exchange)->lockout ? admit_name(exchange, exchange->signature.access_key, err)
                                        : 0;
}

int limits_admit_login(struct exchange *exchange, struct error *err)
{
    struct limits *limits = limits_of(exchange);
    struct text site = text_of_address(&exchange->limits.site);
    return limits->logins ? pay(exchange, limits->logins, hash(exchange, site, (struct text){0}),
                                LIMIT_LOGIN, err)
                          : 0;
}

int limits_admit_user(struct exchange *exchange, struct text domain, struct text user,
                      struct error *err)
{
    /* With a NUL, which no access key has. */
    char name[2 * LOGIN_FIELD_MAX + 2];
    if (!limits_of(exchange)->lockout)
        return 0;
    int length = snprintf(name, sizeof(name), "%.*s%c%.*s", (int)domain.length, domain.bytes, '\0',
                          (int)user.length, user.bytes);
    return admit_name(exchange, (struct text){name, (size_t)length}, err);
}

/* Once for each lock: what fails meanwhile is refused before it comes here. */
static void log_lock(const struct exchange *exchange)
{
    char address[ADDRESS_TEXT_MAX + 1], name[IDENTITY_NAME_MAX + 1];
    const char *from = address, *key = name;
    int64_t seconds = exchange->loop->server->config->lockout_seconds;
    metric_count(&metric_keys_locked, 0, 0);
    address_format(&exchange->limits.site, address);
    if (operation_is_login(exchange->match.operation)) {
        LOG_WARNING("user_locked", LOG_TEXT("user", exchange->claim.user),
                    LOG_TEXT("address", from), LOG_NUMBER("seconds", seconds));
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)exchange->signature.access_key.length,
             exchange->signature.access_key.bytes);
    LOG_WARNING("access_key_locked", LOG_TEXT("access_key", key), LOG_TEXT("address", from),
                LOG_NUMBER("seconds", seconds));
}

void limits_note_proof(struct exchange *exchange, bool proved)
{
    struct limits *limits = limits_of(exchange);
    if (!limits->lockout)
        return;
    if (proved)
        lockout_succeed(limits->lockout, exchange->limits.pair);
    else if (lockout_fail(limits->lockout, exchange->limits.pair, clock_monotonic_us()))
        log_lock(exchange);
}
