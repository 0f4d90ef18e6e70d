/* Whether the time that a refusal takes tells why it was refused.
 *
 *     dcs_bench_leakage [SAMPLES]
 *
 * Two classes of requests, chosen at random one by one, all refused; see welch.h for what is made
 * of the times.  |t| below 4.5 passes.  The comparison that ends at the first wrong byte is there
 * to be found: where it is not, the measurement is blind and the run has failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "auth/access_key_cache.h"
#include "auth/signature.h"
#include "base/clock.h"
#include "canonical.h"
#include "welch.h"

enum { WARM_UP = 10000, SECRET_LENGTH = 40 };
static const double threshold = 4.5;

static uint64_t cycles(void)
{
#if defined(__x86_64__)
    unsigned low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
#endif
}

/* The request that all measurements are about. */
static const char authorization[] =
    "SDK-HMAC-SHA256 Access=AKTESTAKTESTAKTEST00, SignedHeaders=content-type;host;x-sdk-date, "
    "Signature=0000000000000000000000000000000000000000000000000000000000000000";
static const struct auth_header headers[] = {
    {{"Host", 4}, {"dcs.example.com", 15}},
    {{"Content-Type", 12}, {"application/json", 16}},
    {{"X-Sdk-Date", 10}, {"20261122T170923Z", 16}},
    {{"Authorization", 13}, {authorization, sizeof(authorization) - 1}},
};
static const struct auth_request request = {
    .method = {"GET", 3},
    .target = {"/v2/a4d31cb63d724fdc8ec96e3a41e47f71/instances?limit=10&offset=0", 65},
    .headers = headers,
    .header_count = sizeof(headers) / sizeof(headers[0]),
};
static const struct text secret = {"SKTESTSKTESTSKTESTSKTESTSKTESTSKTEST0000", SECRET_LENGTH};

/* What the next measurement is about. */
static struct signature signature;
static unsigned char digests[2][DIGEST_LENGTH]; /* a class each */
static struct access_key_cache *cache;
static struct access_key keys[2]; /* of one id: it is known, or not */

/* Copies one of two without a branch and with reading both. */
static void choose(void *place, const void *first, const void *second, size_t length, uint8_t class)
{
    unsigned char mask = (unsigned char)-class, *to = place;
    const unsigned char *a = first, *b = second;
    for (size_t i = 0; i < length; i++)
        to[i] = (unsigned char)(a[i] ^ (mask & (a[i] ^ b[i])));
}

static void prepare_digest(uint8_t class)
{
    choose(signature.digest, digests[0], digests[1], sizeof(signature.digest), class);
}

/* Both are remembered in the very same place. */
static void prepare_key(uint8_t class)
{
    static struct access_key key;
    choose(&key, &keys[0], &keys[1], sizeof(key), class);
    access_key_cache_put(cache, &key, 0);
}

static int refuse_signature(void)
{
    struct error err = {0};
    return signature_verify(&request, &signature, secret, &err);
}

static int refuse_key(void)
{
    struct error err = {0};
    const struct access_key *key = access_key_cache_find(cache, signature.access_key, 0);
    return key ? access_key_verify(key, &request, &signature, &err) : 0;
}

/* What signature_verify would be if it compared byte by byte. */
static int refuse_leaking(void)
{
    struct error err = {0};
    unsigned char digest[DIGEST_LENGTH], expected[DIGEST_LENGTH];
    unsigned length = sizeof(expected);
    char text[128] = "SDK-HMAC-SHA256\n20261122T170923Z\n";
    if (signature_canonical_digest(&request, &signature, digest, &err) < 0)
        return 0;
    text_format_hex(digest, sizeof(digest), text + strlen(text));
    HMAC(EVP_sha256(), secret.bytes, SECRET_LENGTH, (const unsigned char *)text, strlen(text),
         expected, &length);
    for (int i = 0; i < DIGEST_LENGTH; i++) {
        if (expected[i] != signature.digest[i])
            return signature_refuse(&err);
    }
    return 0;
}

static void make_digests(void)
{
    struct error err = {0};
    struct canonical canonical;
    int64_t now;
    if (clock_parse_basic("20261122T170923Z", CLOCK_BASIC_LENGTH, &now) < 0 ||
        signature_parse(&request, now, 900, &signature, &err) < 0 ||
        !canonical_write(&request, signature.signed_headers, &canonical))
        abort();
    canonical_sign(&canonical, signature.date, secret, digests[0]);
    memcpy(digests[1], digests[0], sizeof(digests[1]));
    memcpy(signature.digest, digests[0], sizeof(signature.digest));
    if (signature_verify(&request, &signature, secret, &err) < 0)
        abort();
    digests[0][0] ^= 1;
    digests[1][DIGEST_LENGTH - 1] ^= 1;
    free(canonical.text);
}

static void fill(char *text, size_t length)
{
    unsigned char bytes[SECRET_LENGTH];
    if (RAND_bytes(bytes, (int)length) != 1)
        abort();
    for (size_t i = 0; i < length; i++)
        text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bytes[i] % 32];
}

static void make_keys(void)
{
    cache = access_key_cache_new(1, INT64_C(1) << 40);
    memcpy(keys[0].identity.name, signature.access_key.bytes, signature.access_key.length);
    keys[1] = keys[0];
    access_key_make_unknown(&keys[1]);
    keys[0].known = true;
    keys[0].secret_length = SECRET_LENGTH;
    fill(keys[0].secret, SECRET_LENGTH);
}

struct measurement {
    const char *name;
    void (*prepare)(uint8_t class);
    int (*refuse)(void);
    bool leaks;
};

static const struct measurement measurements[] = {
    {"control: a comparison that ends early", prepare_digest, refuse_leaking, true},
    {"signature: first byte wrong, or the last", prepare_digest, refuse_signature, false},
    {"access key: known, or unknown", prepare_key, refuse_key, false},
};

static void measure(const struct measurement *measurement, uint32_t *times, uint8_t *classes,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        measurement->prepare(classes[i]);
        uint64_t begun = cycles();
        int status = measurement->refuse();
        uint64_t taken = cycles() - begun;
        if (status == 0)
            abort();
        times[i] = taken > UINT32_MAX ? UINT32_MAX : (uint32_t)taken;
    }
}

static bool run(const struct measurement *measurement, size_t count)
{
    uint32_t *times = malloc(count * sizeof(*times));
    uint8_t *classes = malloc(count);
    if (!times || !classes || RAND_bytes(classes, (int)count) != 1)
        abort();
    for (size_t i = 0; i < count; i++)
        classes[i] &= 1;
    measure(measurement, times, classes, WARM_UP);
    measure(measurement, times, classes, count);
    double mean[2] = {0}, seen[2] = {0};
    for (size_t i = 0; i < count; i++) {
        mean[classes[i]] += times[i];
        seen[classes[i]]++;
    }
    double t = welch_largest(times, classes, count);
    bool well = measurement->leaks ? t > threshold : t < threshold;
    printf("%-42s means %8.1f %8.1f  largest |t| %8.2f  %s\n", measurement->name, mean[0] / seen[0],
           mean[1] / seen[1], t, well ? "well" : "NOT WELL");
    free(times);
    free(classes);
    return well;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    bool well = true;
    if (count < 2 * WARM_UP || count > 100000000)
        return 2;
    make_digests();
    make_keys();
    for (size_t i = 0; i < sizeof(measurements) / sizeof(measurements[0]); i++)
        well = run(&measurements[i], count) && well;
    access_key_cache_free(cache);
    return well ? 0 : 1;
}
