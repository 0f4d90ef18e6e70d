/* Hot keys by the LFU counters: a model of a server with random keys, some of which vanish, against
 * a sort of everything. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rules.h"
#include "unit.h"

#define HEAD "redis_version:7.0.15\nrole:master\nmaxmemory_policy:allkeys-lfu\nexpired_keys:5\n"

enum { KEYS_MAX = 500, DATABASES = 3, ROUNDS = 60, PLACES = 100, RESERVE = 100, REPLY_KEYS = 10 };
enum { TYPES = 6, STREAM = 5 };

static const struct {
    const char *name, *length, *unit;
} types[TYPES] = {{"string", "STRLEN", "byte"}, {"list", "LLEN", "count"},
                  {"set", "SCARD", "count"},    {"zset", "ZCARD", "count"},
                  {"hash", "HLEN", "count"},    {"stream", "XLEN", "count"}};

struct model_key {
    char name[4];
    size_t length;
    int db, type, size;
    int freq;      /* the highest that was told */
    bool vanishes; /* before its length can be told */
    bool measured;
};

struct model {
    struct model_key keys[KEYS_MAX];
    int count;
    int db; /* selected */
    int freqs_max;
    int lengths;   /* asked */
    int misplaced; /* counters read after a length was asked, or a length asked twice */
};

static unsigned seed = 7;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % sides;
}

static int by_bytes(const struct model_key *a, const struct model_key *b)
{
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->name, b->name, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_rank(const void *left, const void *right)
{
    const struct model_key *a = left, *b = right;
    if (a->freq != b->freq)
        return b->freq - a->freq;
    int order = by_bytes(a, b);
    return order != 0 ? order : a->db - b->db;
}

static struct model_key *model_find(struct model *model, int db, const char *name, size_t length)
{
    for (int i = 0; i < model->count; i++) {
        struct model_key *key = &model->keys[i];
        if (key->db == db && key->length == length && memcmp(key->name, name, length) == 0)
            return key;
    }
    return NULL;
}

static void model_fill(struct model *model)
{
    unsigned tries = 1 + dice(dice(3) ? KEYS_MAX : PLACES);
    unsigned gone = dice(3) ? 20 : 2;
    *model = (struct model){.freqs_max = 1 + (int)dice(dice(2) ? 256 : 12)};
    while (tries-- > 0) {
        struct model_key key = {.db = (int)dice(DATABASES), .type = (int)dice(TYPES), .freq = -1};
        key.length = 1 + dice(3);
        for (size_t i = 0; i < key.length; i++)
            key.name[i] = "abcdefgh\xff\xc3"[dice(10)];
        key.size = key.type == 0 ? (int)dice(3) : 1 + (int)dice(9);
        key.vanishes = dice(gone) == 0;
        if (!model_find(model, key.db, key.name, key.length))
            model->keys[model->count++] = key;
    }
}

/* The keys of the database in tens, by their places; each of them may also be told once more. */
static size_t model_scan(const struct model *model, int start, char *ret_bytes, size_t size)
{
    int place = start, taken = 0;
    size_t length = 0;
    static char names[1 << 14];
    for (; place < model->count && taken < REPLY_KEYS; place++) {
        const struct model_key *key = &model->keys[place];
        if (key->db != model->db)
            continue;
        for (unsigned times = 1 + (dice(8) == 0); times > 0; times--, taken++) {
            length +=
                (size_t)snprintf(names + length, sizeof(names) - length, "$%zu\r\n", key->length);
            memcpy(names + length, key->name, key->length);
            length += key->length;
            length += (size_t)snprintf(names + length, sizeof(names) - length, "\r\n");
        }
    }
    char cursor[12];
    int digits = snprintf(cursor, sizeof(cursor), "%d", place < model->count ? place : 0);
    int head = snprintf(ret_bytes, size, "*2\r\n$%d\r\n%s\r\n*%d\r\n", digits, cursor, taken);
    memcpy(ret_bytes + head, names, length);
    return (size_t)head + length;
}

static int model_length(struct model *model, struct model_key *key)
{
    model->lengths++;
    model->misplaced += key->measured;
    key->measured = true;
    return key->vanishes ? 0 : key->size;
}

static size_t answer_about_key(struct model *model, const struct text *words, int count,
                               char *ret_bytes, size_t size)
{
    struct text name = words[count - 1];
    struct model_key *key = model_find(model, model->db, name.bytes, name.length);
    if (!key)
        return (size_t)snprintf(ret_bytes, size, "-ERR no such key\r\n");
    if (text_equals(words[0], TEXT("OBJECT"))) {
        int freq = (int)dice((unsigned)model->freqs_max);
        model->misplaced += model->lengths > 0;
        key->freq = freq > key->freq ? freq : key->freq;
        return (size_t)snprintf(ret_bytes, size, ":%d\r\n", freq);
    }
    if (text_equals(words[0], TEXT("TYPE")))
        return (size_t)snprintf(ret_bytes, size, "+%s\r\n",
                                key->vanishes && key->measured ? "none" : types[key->type].name);
    if (!text_equals(words[0], text_of(types[key->type].length)))
        return (size_t)snprintf(ret_bytes, size, "-ERR not the length of a %s\r\n",
                                types[key->type].name);
    return (size_t)snprintf(ret_bytes, size, ":%d\r\n", model_length(model, key));
}

static size_t answer_by_model(void *argument, const struct text *words, int count, char *ret_bytes,
                              size_t size)
{
    struct model *model = argument;
    int64_t number = 0;
    if (text_equals(words[0], TEXT("CLIENT")))
        return (size_t)snprintf(ret_bytes, size, "+OK\r\n");
    if (text_equals(words[0], TEXT("INFO")))
        return put_answer(HEAD "db0:keys=1,expires=0\ndb1:keys=1,expires=0\ndb2:keys=1,expires=0\n",
                          ret_bytes, size);
    if (count > 1)
        text_parse_integer(words[1], &number);
    if (text_equals(words[0], TEXT("SELECT"))) {
        model->db = (int)number;
        return (size_t)snprintf(ret_bytes, size, "+OK\r\n");
    }
    if (text_equals(words[0], TEXT("SCAN")))
        return model_scan(model, (int)number, ret_bytes, size);
    return answer_about_key(model, words, count, ret_bytes, size);
}

/* Thousands of small answers: none may wait for the acknowledgement of the one before. */
static void serve_model(int socket, void *argument)
{
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fake_serve_commands(socket, answer_by_model, argument);
}

/* The bytes \xff and \xc3 are never part of a character here, as nothing follows them that could
 * be. */
static int put_name(const struct model_key *key, char *ret_text)
{
    int length = 0;
    for (size_t i = 0; i < key->length; i++) {
        unsigned char byte = (unsigned char)key->name[i];
        if (byte < 0x80)
            ret_text[length++] = (char)byte;
        else
            length += snprintf(ret_text + length, 6, "\\\\x%02x", byte);
    }
    return length;
}

static void write_expected(struct model *model, char *ret_keys, size_t size)
{
    int shown = 0, ranked = 0, length = snprintf(ret_keys, size, "[");
    qsort(model->keys, (size_t)model->count, sizeof(model->keys[0]), by_rank);
    for (int i = 0; i < model->count && ranked < PLACES + RESERVE && shown < PLACES; i++) {
        const struct model_key *key = &model->keys[i];
        char name[24];
        if (key->type == STREAM)
            continue;
        ranked++;
        if (key->vanishes)
            continue;
        length += snprintf(ret_keys + length, size - (size_t)length,
                           "%s{\"name\":\"%.*s\",\"type\":\"%s\",\"db\":%d,\"size\":%d,"
                           "\"unit\":\"%s\",\"freq\":%d}",
                           shown++ > 0 ? "," : "", put_name(key, name), name, types[key->type].name,
                           key->db, key->size, types[key->type].unit, key->freq);
    }
    snprintf(ret_keys + length, size - (size_t)length, "]");
}

static void test_equals_a_sort_of_everything(void **state)
{
    static struct model model;
    static char expected[1 << 15];
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct run run = {.kind = SCAN_KIND_HOTKEY};
        model_fill(&model);
        run_scan_of(&run, serve_model, &model);
        assert_string_equal(run.err.text, "");
        write_expected(&model, expected, sizeof(expected));
        assert_string_equal(run.outcome.keys, expected);
        assert_int_equal(model.misplaced, 0);
        assert_in_range(model.lengths, 0, PLACES + RESERVE);
        scan_outcome_release(&run.outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_a_sort_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
