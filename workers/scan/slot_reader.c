/* Whatever a server refuses here leaves the slot unsettled, and a scan of the node will have to do.
 */
#include "slot_reader.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"

enum { ABSENT_MAX = 32, TAG_LENGTH = 4 };
enum { REPLY_EXEC = 3, REPLY_COUNT };

/* A tag of each slot: when a fifth of all words of four letters has been tried, all are found. */
static char tags[REDIS_SLOT_COUNT][TAG_LENGTH + 1];
static pthread_once_t tags_once = PTHREAD_ONCE_INIT;

static void find_tags(void)
{
    char tag[TAG_LENGTH + 1] = "aaaa";
    for (int found = 0; found < REDIS_SLOT_COUNT;) {
        char *place = tags[redis_key_slot(text_of(tag))];
        if (!place[0]) {
            memcpy(place, tag, sizeof(tag));
            found++;
        }
        for (int i = 0; i < TAG_LENGTH && ++tag[i] > 'z'; i++)
            tag[i] = 'a';
    }
}

/* A name in the slot that nobody gives to a key. */
static void name_absent_key(int slot, char ret_name[ABSENT_MAX])
{
    pthread_once(&tags_once, find_tags);
    snprintf(ret_name, ABSENT_MAX, "{%.*s}:dcs-scan:absent", TAG_LENGTH, tags[slot]);
}

static bool are_names(const struct redis_reply *reply)
{
    if (reply->kind != REDIS_ARRAY || reply->count > SLOT_READER_KEYS_MAX)
        return false;
    for (size_t i = 0; i < reply->count; i++) {
        if (reply->elements[i].kind != REDIS_STRING)
            return false;
    }
    return true;
}

static int count_keys(struct driver *driver, struct text slot, int64_t *ret_count,
                      struct error *err)
{
    const struct text words[] = {TEXT("CLUSTER"), TEXT("COUNTKEYSINSLOT"), slot};
    const struct redis_reply *reply;
    driver->commands++;
    if (redis_connection_call(driver->connection, words, 3, &reply, err) < 0)
        return -1;
    *ret_count = reply->kind == REDIS_INTEGER ? reply->integer : INT64_MAX;
    return 0;
}

static int send_transaction(struct driver *driver, int slot, struct text digits, struct error *err)
{
    char absent[ABSENT_MAX], most[12];
    name_absent_key(slot, absent);
    snprintf(most, sizeof(most), "%d", SLOT_READER_KEYS_MAX + 1);
    const struct text multi[] = {TEXT("MULTI")}, exec[] = {TEXT("EXEC")};
    const struct text type[] = {TEXT("TYPE"), text_of(absent)};
    const struct text names[] = {TEXT("CLUSTER"), TEXT("GETKEYSINSLOT"), digits, text_of(most)};
    driver->commands += REPLY_COUNT;
    return redis_connection_append(driver->connection, multi, 1, err) < 0 ||
                   redis_connection_append(driver->connection, type, 2, err) < 0 ||
                   redis_connection_append(driver->connection, names, 4, err) < 0 ||
                   redis_connection_append(driver->connection, exec, 1, err) < 0
               ? -1
               : 0;
}

/* *ret_whole: the names are all that the slot had. */
static int read_names(struct driver *driver, int slot, struct scan_batch *names, bool *ret_whole,
                      struct error *err)
{
    char digits[12];
    int64_t count;
    const struct redis_reply *reply = NULL;
    snprintf(digits, sizeof(digits), "%d", slot);
    *ret_whole = false;
    if (count_keys(driver, text_of(digits), &count, err) < 0)
        return -1;
    if (count > SLOT_READER_KEYS_MAX)
        return 0;
    if (send_transaction(driver, slot, text_of(digits), err) < 0)
        return -1;
    for (int i = 0; i < REPLY_COUNT; i++) {
        if (redis_connection_next(driver->connection, &reply, err) < 0)
            return -1;
    }
    *ret_whole = reply->kind == REDIS_ARRAY && reply->count == 2 &&
                 redis_reply_is(&reply->elements[0], REDIS_STATUS, TEXT("none")) &&
                 are_names(&reply->elements[1]);
    return *ret_whole ? scan_batch_fill(names, 0, &reply->elements[1], err) : 0;
}

static int release_expired(struct driver *driver, const struct scan_batch *batch, struct error *err)
{
    const struct redis_reply *reply;
    for (size_t i = 0; i < batch->count; i++) {
        const struct text words[] = {TEXT("TYPE"), batch->keys[i].name};
        if (redis_connection_append(driver->connection, words, 2, err) < 0)
            return -1;
    }
    driver->commands += (int64_t)batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        if (redis_connection_next(driver->connection, &reply, err) < 0)
            return -1;
        redis_slots_add_redirect(&driver->redirected, reply);
    }
    return 0;
}

/* In batches of the size that a scan's would have. */
static int visit(struct driver *driver, const struct scan_batch *names, struct error *err)
{
    struct scan_batch *batch = &driver->batches[0];
    for (size_t first = 0; first < names->count;) {
        size_t most = (size_t)pacer_batch(&driver->pacing.pacer), left = names->count - first;
        size_t count = left < most ? left : most;
        pacing_listen(&driver->pacing);
        if (pacing_wait(&driver->pacing, err) < 0)
            return -1;
        scan_batch_begin(batch, 0, count, names->names_length);
        for (size_t i = 0; i < count; i++)
            scan_batch_add(batch, names->keys[first + i].name);
        first += count;
        driver_report_progress(driver, count);
        if (driver->method->ask ? driver_visit(driver, batch, err)
                                : release_expired(driver, batch, err))
            return -1;
        scan_batch_reset(batch);
    }
    return 0;
}

int slot_reader_run(struct driver *driver, const struct redis_slots *slots,
                    struct redis_slots *settled, struct error *err)
{
    SCOPED(scan_batch_release) struct scan_batch names = {.connection = driver->connection};
    for (int slot = 0; slot < REDIS_SLOT_COUNT; slot++) {
        bool whole;
        if (!redis_slots_has(slots, slot))
            continue;
        pacing_listen(&driver->pacing);
        if (pacing_wait(&driver->pacing, err) < 0 ||
            read_names(driver, slot, &names, &whole, err) < 0)
            return -1;
        if (!whole)
            continue;
        if (visit(driver, &names, err) < 0)
            return -1;
        redis_slots_add(settled, slot, slot);
    }
    return 0;
}
