/* Memory is kept from batch to batch, as all batches but the strangest are alike. */
#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES_MAX = 1 << 20 };

static void *resized(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        abort();
    return memory;
}

static size_t questions_about(const struct scan_batch *batch, size_t keys)
{
    return keys * (batch->questions_each > 0 ? batch->questions_each : 1);
}

static void reserve(struct scan_batch *batch, size_t keys, size_t bytes)
{
    size_t questions = questions_about(batch, keys);
    if (keys > batch->keys_capacity) {
        batch->keys = resized(batch->keys, keys * sizeof(*batch->keys));
        batch->keys_capacity = keys;
    }
    if (questions > batch->questions_capacity) {
        batch->questions = resized(batch->questions, questions * sizeof(*batch->questions));
        batch->questions_capacity = questions;
    }
    if (bytes > batch->names_capacity) {
        batch->names = resized(batch->names, bytes);
        batch->names_capacity = bytes;
    }
}

void scan_batch_begin(struct scan_batch *batch, int db, size_t keys, size_t bytes)
{
    reserve(batch, keys, bytes);
    batch->busy = true;
    batch->recalled = false;
    batch->db = db;
    batch->stage = 0;
    batch->asked = batch->answered = batch->repeated = 0;
    batch->count = batch->names_length = 0;
}

struct scan_key *scan_batch_add(struct scan_batch *batch, struct text name)
{
    assert(batch->count < batch->keys_capacity &&
           name.length <= batch->names_capacity - batch->names_length);
    char *place = batch->names + batch->names_length;
    if (name.length > 0)
        memcpy(place, name.bytes, name.length);
    batch->names_length += name.length;
    struct scan_key *key = &batch->keys[batch->count++];
    *key = (struct scan_key){.name = {place, name.length}};
    return key;
}

/* What a server sends is accounted for; what a method keeps back has bounds of its own. */
static int hold(struct scan_batch *batch, size_t keys, size_t bytes, struct error *err)
{
    struct redis_memory *memory = redis_connection_memory(batch->connection);
    size_t size = keys * sizeof(*batch->keys) +
                  questions_about(batch, keys) * sizeof(*batch->questions) + bytes;
    if (size <= batch->held)
        return 0;
    if (!redis_memory_take(memory, size - batch->held))
        return error_set(err, ERROR_REDIS_PROTOCOL,
                         "more than %d MiB of replies and questions are held",
                         REDIS_MEMORY_MAX >> 20);
    batch->held = size;
    return 0;
}

int scan_batch_fill(struct scan_batch *batch, int db, const struct redis_reply *names,
                    struct error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < names->count; i++)
        bytes += names->elements[i].text.length;
    if (hold(batch, names->count, bytes, err) < 0)
        return -1;
    scan_batch_begin(batch, db, names->count, bytes);
    for (size_t i = 0; i < names->count; i++)
        scan_batch_add(batch, names->elements[i].text);
    return 0;
}

static int append(struct scan_batch *batch, const struct scan_question *question, struct error *err)
{
    const struct scan_command *command = question->command;
    struct text words[SCAN_COMMAND_WORDS_MAX + 1];
    memcpy(words, command->words, (size_t)command->count * sizeof(words[0]));
    words[command->count] = question->key->name;
    return redis_connection_append(batch->connection, words, command->count + 1, err);
}

int scan_batch_ask(struct scan_batch *batch, struct scan_key *key,
                   const struct scan_command *command, struct error *err)
{
    assert(batch->asked < batch->questions_capacity);
    struct scan_question *question = &batch->questions[batch->asked++];
    *question = (struct scan_question){key, command};
    return append(batch, question, err);
}

/* In the places of those that were answered. */
void scan_batch_repeat(struct scan_batch *batch)
{
    batch->questions[batch->repeated++] = batch->questions[batch->answered - 1];
}

int scan_batch_ask_again(struct scan_batch *batch, struct error *err)
{
    batch->asked = batch->repeated;
    batch->answered = batch->repeated = 0;
    for (size_t i = 0; i < batch->asked; i++) {
        if (append(batch, &batch->questions[i], err) < 0)
            return -1;
    }
    return 0;
}

void scan_batch_reset(struct scan_batch *batch)
{
    size_t kept = batch->names_capacity + batch->keys_capacity * sizeof(*batch->keys) +
                  batch->questions_capacity * sizeof(*batch->questions);
    if (kept > KEPT_BYTES_MAX)
        scan_batch_release(batch);
    batch->busy = false;
}

void scan_batch_release(struct scan_batch *batch)
{
    if (batch->held > 0)
        redis_memory_give(redis_connection_memory(batch->connection), batch->held);
    free(batch->keys);
    free(batch->questions);
    free(batch->names);
    *batch = (struct scan_batch){.connection = batch->connection,
                                 .questions_each = batch->questions_each};
}
