/* Keys leave their page only as a copy that a seal or an open cleanses.
 */
#include "base/keyring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/secret_file.h"
#include "base/text.h"
#include "keyring_key.h"

enum { KEY_FILE_MAX = KEYRING_KEYS_MAX * (2 * KEYRING_KEY_LENGTH + 2) };

struct key_list {
    size_t count;
    struct keyring_key keys[KEYRING_KEYS_MAX];
};

/* In pages of its own. */
struct shared {
    pthread_rwlock_t lock;
    struct key_list list;
};

struct keyring {
    char *path;
    struct shared *shared;
    struct error problem; /* what was logged last of the file; of the thread that watches */
};

static struct shared *new_shared(void)
{
    struct shared *shared = secret_pages_new(sizeof(*shared));
    if (pthread_rwlock_init(&shared->lock, NULL) != 0)
        abort();
    return shared;
}

static int add_key(struct key_list *list, struct text line, const char *path, struct error *err)
{
    if (list->count == KEYRING_KEYS_MAX)
        return error_set(err, ERROR_SECRET, "%s: more than %d keys", path, KEYRING_KEYS_MAX);
    struct keyring_key *key = &list->keys[list->count];
    unsigned char digest[32];
    if (line.length != 2 * KEYRING_KEY_LENGTH ||
        text_parse_hex(line.bytes, key->bytes, KEYRING_KEY_LENGTH) < 0)
        return error_set(err, ERROR_SECRET, "%s: a key is not 64 hex digits", path);
    if (EVP_Digest(key->bytes, KEYRING_KEY_LENGTH, digest, NULL, EVP_sha256(), NULL) != 1)
        return error_set(err, ERROR_SECRET, "SHA-256 failed");
    memcpy(key->id, digest, KEYRING_ID_LENGTH);
    list->count++;
    return 0;
}

static int add_lines(struct key_list *list, char *content, const char *path, struct error *err)
{
    char *rest = content;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        struct text trimmed = text_trim(text_of(line));
        if (trimmed.length > 0 && add_key(list, trimmed, path, err) < 0)
            return -1;
    }
    if (list->count == 0)
        return error_set(err, ERROR_SECRET, "%s: no key in the file", path);
    return 0;
}

/* The list is the caller's to cleanse, also after a failure. */
static int read_list(const char *path, struct key_list *ret_list, struct error *err)
{
    char content[KEY_FILE_MAX + 1];
    *ret_list = (struct key_list){0};
    int status = -1;
    if (secret_file_read(path, content, KEY_FILE_MAX, err) >= 0)
        status = add_lines(ret_list, content, path, err);
    secret_cleanse(content, sizeof(content));
    return status;
}

int keyring_load(const char *path, struct keyring **ret_keyring, struct error *err)
{
    struct keyring *keyring = calloc(1, sizeof(*keyring));
    if (!keyring)
        abort();
    keyring->path = text_copy(path, strlen(path));
    keyring->shared = new_shared();
    if (read_list(path, &keyring->shared->list, err) < 0) {
        keyring_free(keyring);
        return -1;
    }
    *ret_keyring = keyring;
    return 0;
}

void keyring_free(struct keyring *keyring)
{
    if (!keyring)
        return;
    pthread_rwlock_destroy(&keyring->shared->lock);
    secret_pages_free(keyring->shared, sizeof(*keyring->shared));
    free(keyring->path);
    free(keyring);
}

int keyring_refresh(struct keyring *keyring, struct error *err)
{
    struct shared *shared = keyring->shared;
    struct key_list list;
    int status = read_list(keyring->path, &list, err);
    /* This thread alone writes: it may read without the lock. */
    if (status == 0 && memcmp(&list, &shared->list, sizeof(list)) != 0) {
        pthread_rwlock_wrlock(&shared->lock);
        memcpy(&shared->list, &list, sizeof(list));
        pthread_rwlock_unlock(&shared->lock);
        status = 1;
    }
    secret_cleanse(&list, sizeof(list));
    return status;
}

void keyring_log(const struct keyring *keyring)
{
    struct keyring_id ids[KEYRING_KEYS_MAX];
    size_t count = keyring_ids(keyring, ids);
    LOG_INFO("keys_loaded", LOG_TEXT("sealing_key", ids[0].digits),
             LOG_NUMBER("keys", (int64_t)count));
}

void keyring_watch(struct keyring *keyring, bool asked)
{
    struct error err = {0};
    int status = keyring_refresh(keyring, &err);
    if (status > 0 || (status == 0 && asked)) {
        secret_file_count(SECRET_FILE_KEYS, SECRET_FILE_LOADED);
        keyring_log(keyring);
    } else if (status < 0 && (asked || strcmp(err.text, keyring->problem.text) != 0)) {
        secret_file_count(SECRET_FILE_KEYS, SECRET_FILE_FAILED);
        LOG_ERROR("keys_not_loaded", LOG_ERROR_FIELDS(&err));
    }
    secret_file_set_used(SECRET_FILE_KEYS, status >= 0);
    keyring->problem = err;
}

size_t keyring_ids(const struct keyring *keyring, struct keyring_id ret_ids[KEYRING_KEYS_MAX])
{
    struct shared *shared = keyring->shared;
    pthread_rwlock_rdlock(&shared->lock);
    size_t count = shared->list.count;
    for (size_t i = 0; i < count; i++)
        text_format_hex(shared->list.keys[i].id, KEYRING_ID_LENGTH, ret_ids[i].digits);
    pthread_rwlock_unlock(&shared->lock);
    return count;
}

static const struct keyring_key *find_key(const struct key_list *list, const unsigned char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!id || memcmp(list->keys[i].id, id, KEYRING_ID_LENGTH) == 0)
            return &list->keys[i];
    }
    return NULL;
}

int keyring_copy_key(const struct keyring *keyring, const unsigned char *id,
                     struct keyring_key *ret_key)
{
    struct shared *shared = keyring->shared;
    pthread_rwlock_rdlock(&shared->lock);
    const struct keyring_key *key = find_key(&shared->list, id);
    if (key)
        *ret_key = *key;
    pthread_rwlock_unlock(&shared->lock);
    return key ? 0 : -1;
}
