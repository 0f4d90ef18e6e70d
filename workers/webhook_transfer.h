/* One attempt to deliver: a signed POST, and what came of it.
 *
 * Whom it reaches is decided when it dials: every address that the host's name leads to is held
 * against the outbound rules right before connect(), and no other one is dialled; neither a
 * redirect nor a proxy leads elsewhere, and no connection is used twice.  An answer is a status:
 * its body is thrown away, and more than WEBHOOK_ANSWER_MAX of it is not read. */
#ifndef WORKERS_WEBHOOK_TRANSFER_H
#define WORKERS_WEBHOOK_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/outbound.h"
#include "base/uuid.h"
#include "model/webhook.h"

enum { WEBHOOK_ANSWER_MAX = 1024, WEBHOOK_HEAD_MAX = 16 * 1024, WEBHOOK_HEADERS = 5 };

/* What came of an attempt. */
enum webhook_result {
    WEBHOOK_DELIVERED, /* 2xx */
    WEBHOOK_UNREACHED, /* no address that it may be sent to, or that has a name */
    WEBHOOK_UNCONNECTED,
    WEBHOOK_TLS,
    WEBHOOK_TIMEOUT,
    WEBHOOK_REDIRECTED, /* 3xx */
    WEBHOOK_GONE,       /* 410 */
    WEBHOOK_REFUSED,    /* other 4xx */
    WEBHOOK_BROKEN,     /* 5xx and what is no answer */
    WEBHOOK_UNSIGNED,   /* its secret cannot be opened */
    WEBHOOK_RESULT_COUNT
};

/* How its owner is told; a constant without an address or a name. */
const char *webhook_result_text(enum webhook_result result);

struct webhook_settings {
    struct outbound *outbound;
    const char *ca; /* a file; empty: the system's */
    bool http;      /* besides https */
    int64_t timeout_ms;
};

/* Whose it is, and its attempt, for what is recorded. */
struct webhook_claim {
    struct uuid project, id, webhook;
    int64_t attempt;
};

struct webhook_transfer {
    struct webhook_claim claim;
    const struct webhook_settings *settings;
    CURL *easy; /* null: free */
    struct curl_slist *headers;
    char *url, *body;
    char refusal[ERROR_TEXT_MAX]; /* of the last address that must not be dialled */
    bool was_dialled;             /* some address was allowed */
    size_t answer_length, head_length;
};

/* What is sent; copied. */
struct webhook_parcel {
    struct text url, body;
    const unsigned char *secret;
};

/* Makes the handle, which its owner adds to a multi handle; CURLINFO_PRIVATE is the transfer. */
void webhook_transfer_begin(struct webhook_transfer *transfer, const struct webhook_parcel *parcel);

struct webhook_outcome {
    enum webhook_result result;
    long status;         /* 0: none */
    int64_t retry_after; /* seconds; 0: not said */
};
struct webhook_outcome webhook_transfer_outcome(const struct webhook_transfer *transfer,
                                                CURLcode code);

/* After it was removed from its multi handle. */
void webhook_transfer_release(struct webhook_transfer *transfer);

#endif
