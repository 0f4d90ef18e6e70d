/* Webhooks: what a project may be told of, and the secret that its deliveries are signed with.
 *
 * Signatures are those of the Standard Webhooks specification 1.0.0 (standardwebhooks.com): the
 * HMAC-SHA-256 of `id.timestamp.body` under the bytes of the secret, in base64 after `v1,`.  The
 * secret is told as `whsec_` and the base64 of its bytes. */
#ifndef MODEL_WEBHOOK_H
#define MODEL_WEBHOOK_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/secret.h"
#include "base/text.h"

enum {
    WEBHOOK_SECRET_LENGTH = 32,
    WEBHOOK_SECRET_TEXT_LENGTH = 6 + 44,
    WEBHOOK_SIGNATURE_LENGTH = 3 + 44,
    WEBHOOK_URL_MAX = 2048,
    WEBHOOK_LIMITS_MAX = 20,     /* of one webhook */
    WEBHOOK_INSTANCES_MAX = 100, /* the same */
    WEBHOOK_NAME_MAX = 512,      /* bytes of the name that a limit is on */
    WEBHOOK_BODY_MAX = 16384,
};

/* What a webhook may ask for; a null pointer ends the list. */
extern const char *const webhook_events[];
bool webhook_event_is_known(struct text name);

/* Whose the sealed secret of a row is. */
struct secret_owner webhook_secret_owner(const char *project, const char *id);

/* From the operating system's generator.  The caller cleanses it. */
void webhook_secret_generate(unsigned char ret_secret[WEBHOOK_SECRET_LENGTH]);
/* As it is told; terminated. */
void webhook_secret_format(const unsigned char secret[WEBHOOK_SECRET_LENGTH],
                           char ret_text[WEBHOOK_SECRET_TEXT_LENGTH + 1]);

/* What is sent, and when: seconds since 1970. */
struct webhook_message {
    struct text id, body;
    int64_t timestamp;
};

/* The value of Webhook-Signature; terminated. */
void webhook_sign(const unsigned char secret[WEBHOOK_SECRET_LENGTH],
                  const struct webhook_message *message,
                  char ret_signature[WEBHOOK_SIGNATURE_LENGTH + 1]);

#endif
