/* Secrets and signatures of webhooks. */
#include "model/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

/* A UUID, two dots and a number. */
enum { BEFORE_BODY_MAX = 128 };

const char *const webhook_events[] = {"task.succeeded", "task.failed", "limit.passed", NULL};

bool webhook_event_is_known(struct text name)
{
    for (int i = 0; webhook_events[i]; i++) {
        if (text_equals(name, text_of(webhook_events[i])))
            return true;
    }
    return false;
}

struct secret_owner webhook_secret_owner(const char *project, const char *id)
{
    static const struct secret_column column = {"webhook.sealed_secret", "webhook:"};
    return (struct secret_owner){&column, project, id};
}

void webhook_secret_generate(unsigned char ret_secret[WEBHOOK_SECRET_LENGTH])
{
    if (RAND_priv_bytes(ret_secret, WEBHOOK_SECRET_LENGTH) != 1)
        abort();
}

static void format(const char *prefix, const unsigned char bytes[DIGEST_LENGTH], char *ret_text)
{
    size_t length = strlen(prefix);
    memcpy(ret_text, prefix, length);
    EVP_EncodeBlock((unsigned char *)ret_text + length, bytes, DIGEST_LENGTH);
}

void webhook_secret_format(const unsigned char secret[WEBHOOK_SECRET_LENGTH],
                           char ret_text[WEBHOOK_SECRET_TEXT_LENGTH + 1])
{
    _Static_assert((int)WEBHOOK_SECRET_LENGTH == (int)DIGEST_LENGTH,
                   "both have 44 characters in base64");
    format("whsec_", secret, ret_text);
}

void webhook_sign(const unsigned char secret[WEBHOOK_SECRET_LENGTH],
                  const struct webhook_message *message,
                  char ret_signature[WEBHOOK_SIGNATURE_LENGTH + 1])
{
    unsigned char digest[DIGEST_LENGTH];
    size_t room = BEFORE_BODY_MAX + message->body.length;
    char *text = malloc(room);
    if (!text)
        abort();
    int length = snprintf(text, room, "%.*s.%" PRId64 ".", (int)message->id.length,
                          message->id.bytes, message->timestamp);
    if (length < 0 || length >= BEFORE_BODY_MAX)
        abort();
    memcpy(text + length, message->body.bytes, message->body.length);
    digest_hmac((struct text){(const char *)secret, WEBHOOK_SECRET_LENGTH},
                (struct text){text, (size_t)length + message->body.length}, digest);
    free(text);
    format("v1,", digest, ret_signature);
}
