/* Feeds an insight with keys that it makes up and prints what that took:
 *
 *     dcs_bench_insight KEYS SHAPE DEPTH
 *
 * Shapes: `few` prefixes, 100 of each depth; `many`, a prefix of its own for every key; `zipf`, of
 * a million prefixes by Zipf's law.  A line of `keys cpu_ns_per_key rss_kib exact floor_keys
 * bound_keys`: what making the names takes is measured first and taken off, and the floors are the
 * largest of the prefixes told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "insight/insight.h"

enum { NAME_MAX_LENGTH = 160, SPREAD = 1000000 };

struct stream {
    int64_t keys;
    char shape; /* the first letter */
    int depth;
    uint64_t random;
};

static uint64_t next_random(struct stream *stream)
{
    stream->random ^= stream->random << 13;
    stream->random ^= stream->random >> 7;
    stream->random ^= stream->random << 17;
    return stream->random;
}

static size_t put_number(char *place, uint64_t number)
{
    char digits[20];
    size_t count = 0, length = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        place[length++] = digits[--count];
    return length;
}

static uint64_t choose(struct stream *stream, int64_t place)
{
    if (stream->shape == 'f')
        return next_random(stream) % 100;
    if (stream->shape == 'm')
        return (uint64_t)place;
    uint64_t magnitude = UINT64_C(1) << next_random(stream) % 20;
    return (magnitude + next_random(stream) % magnitude) % SPREAD;
}

/* `p<number>:p<number>:...<number>` */
static size_t put_name(struct stream *stream, int64_t place, char *name)
{
    size_t length = 0;
    uint64_t chosen = choose(stream, place);
    for (int i = 0; i < stream->depth; i++) {
        name[length++] = 'p';
        length += put_number(name + length, chosen);
        name[length++] = ':';
    }
    return length + put_number(name + length, (uint64_t)place);
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double feed(struct stream stream, struct insight *insight, int type)
{
    double started = cpu_ns();
    volatile char used;
    for (int64_t i = 0; i < stream.keys; i++) {
        char name[NAME_MAX_LENGTH];
        size_t length = put_name(&stream, i, name);
        uint64_t drawn = next_random(&stream);
        used = name[length - 1];
        (void)used;
        if (!insight)
            continue;
        const struct insight_key key = {.name = {name, length},
                                        .type = type,
                                        .encoding = INSIGHT_UNKNOWN,
                                        .freq = INSIGHT_UNKNOWN,
                                        .bytes = 50 + (int64_t)(drawn % 1000),
                                        .size = INSIGHT_UNKNOWN,
                                        .ttl_ms =
                                            drawn % 2 ? INSIGHT_PERSISTENT : (int64_t)(drawn >> 40),
                                        .idle_s = INSIGHT_UNKNOWN};
        insight_add(insight, &key);
    }
    return (cpu_ns() - started) / (double)stream.keys;
}

static int64_t largest_error(const json_t *items)
{
    int64_t largest = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        int64_t error = json_integer_value(json_object_get(json_array_get(items, i), "keys_error"));
        largest = error > largest ? error : largest;
    }
    return largest;
}

int main(int argc, char **argv)
{
    struct insight_setup setup = {.source = "bench"};
    const struct insight_facts facts = {.expired_released = INSIGHT_UNKNOWN};
    struct rusage usage;
    struct json_writer json;
    if (argc != 4) {
        fputs("usage: dcs_bench_insight KEYS few|many|zipf DEPTH\n", stderr);
        return 2;
    }
    struct stream stream = {strtoll(argv[1], NULL, 10), argv[2][0], (int)strtol(argv[3], NULL, 10),
                            0x9e3779b97f4a7c15};
    if (stream.keys < 1 || stream.depth < 1 || stream.depth > 8)
        return 2;
    analysis_options_init(&setup.options);
    struct insight *insight = insight_new(&setup);
    int type = insight_find_type(insight, TEXT("string"));
    double without = feed(stream, NULL, type), with = feed(stream, insight, type);
    getrusage(RUSAGE_SELF, &usage);
    json_writer_init(&json);
    insight_write(insight, &facts, &json);
    json_t *document = json_loadb(json.text, json.length, 0, NULL);
    const json_t *prefixes = json_object_get(document, "prefixes");
    printf("%" PRId64 " %.0f %ld %s %" PRId64 " %" PRId64 "\n", stream.keys, with - without,
           usage.ru_maxrss, json_is_true(json_object_get(prefixes, "exact")) ? "exact" : "bounded",
           largest_error(json_object_get(prefixes, "items")), stream.keys / 2048);
    json_decref(document);
    json_writer_release(&json);
    insight_free(insight);
    return 0;
}
