/* The keys that session tickets are sealed with: the loops' and the contexts' in common, so that a
 * client resumes whichever loop it gets to, and after its certificate was replaced.
 *
 * A key seals for TICKET_KEY_SECONDS and opens for as long again, so that a ticket, which lives
 * that long, can be opened until its end; then it is forgotten, and with it what was sealed.  Any
 * thread.
 */
#ifndef SERVER_HTTP_TICKET_KEYS_H
#define SERVER_HTTP_TICKET_KEYS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TICKET_KEY_SECONDS = 3600,
    TICKET_KEY_NAME_LENGTH = 16,
    TICKET_KEY_LENGTH = 32,
};

struct ticket_key {
    int64_t born_s;
    unsigned char name[TICKET_KEY_NAME_LENGTH];
    unsigned char cipher[TICKET_KEY_LENGTH]; /* AES-256 */
    unsigned char mac[TICKET_KEY_LENGTH];    /* HMAC-SHA256 */
};

struct ticket_keys;

struct ticket_keys *ticket_keys_new(void);
void ticket_keys_free(struct ticket_keys *keys);

/* The key to seal with; now_s is of any clock that does not jump.  Copies are the caller's to
 * cleanse. */
void ticket_keys_current(struct ticket_keys *keys, int64_t now_s, struct ticket_key *ret_key);
/* The key of that name, where it still opens.  ret_is_current tells whether it seals as well. */
bool ticket_keys_find(struct ticket_keys *keys, int64_t now_s,
                      const unsigned char name[TICKET_KEY_NAME_LENGTH], struct ticket_key *ret_key,
                      bool *ret_is_current);

#endif
