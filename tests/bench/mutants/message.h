/* A signed request as a client makes it, in parts that can be changed one by one, and as the bytes
 * that it sends. */
#ifndef MUTANTS_MESSAGE_H
#define MUTANTS_MESSAGE_H

#include <jansson.h>

#include "auth/signature.h"

enum {
    MESSAGE_PART_MAX = 1024,
    MESSAGE_HEADERS_MAX = 16,
    MESSAGE_BYTES_MAX = 32 * 1024,
    MESSAGE_KEYS = 4
};

struct message_header {
    char name[64], value[MESSAGE_PART_MAX];
};

struct message {
    char method[16];
    char target[MESSAGE_PART_MAX];
    struct message_header headers[MESSAGE_HEADERS_MAX]; /* without Authorization */
    int header_count;
    char body[MESSAGE_PART_MAX];
    char access_key[64], signed_headers[MESSAGE_PART_MAX], digits[2 * DIGEST_LENGTH + 2];
    char project[64]; /* whose the path is */
    int64_t now;      /* the server's clock when it comes */
};

struct message_key {
    char id[32], secret[64];
};

extern struct message_key message_keys[MESSAGE_KEYS];

/* splitmix64 from a seed, so that a run can be repeated. */
void random_seed(uint64_t seed);
size_t random_below(size_t bound);

/* Makes the keys. */
void message_begin(void);

/* One of the shapes of the accepted vectors, with other ids, values, keys, dates and bodies,
 * signed. */
void message_make(const json_t *vectors, struct message *ret_message);

/* Writes the request line, the headers and the body; returns the length. */
size_t message_write(const struct message *message, char ret_bytes[MESSAGE_BYTES_MAX]);

struct message_header *message_find(struct message *message, const char *name);
void message_add(struct message *message, const char *name, const char *value);

#endif
