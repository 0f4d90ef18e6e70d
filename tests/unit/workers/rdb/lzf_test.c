/* What is compressed comes out as it was, through a window that is far smaller. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "blob.h"
#include "image.h"

enum { TEXT_LENGTH = 300000 };

static unsigned next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(*state >> 33);
}

/* A part at random, of the text and of what it is compressed to. */
static void add_part(struct image *text, struct image *packed, uint64_t *random)
{
    unsigned char bytes[LZF_RUN_MAX];
    size_t most = text->length < LZF_DISTANCE_MAX ? text->length : LZF_DISTANCE_MAX;
    if (most == 0 || next_random(random) % 4 == 0) {
        size_t length = 1 + next_random(random) % 32;
        for (size_t i = 0; i < length; i++)
            bytes[i] = next_random(random) & 255;
        image_put_byte(packed, (unsigned)length - 1);
        image_put(packed, bytes, length);
        image_put(text, bytes, length);
        return;
    }
    /* Often as far back as can be. */
    size_t distance = next_random(random) % 3 ? 1 + next_random(random) % most : most;
    size_t length = 3 + next_random(random) % (LZF_RUN_MAX - 2);
    unsigned high = (unsigned)(distance - 1) >> 8;
    for (size_t i = 0; i < length; i++)
        image_put_byte(text, text->bytes[text->length - distance]);
    image_put_byte(packed, (length < 9 ? (unsigned)length - 2 : 7) << 5 | high);
    if (length >= 9)
        image_put_byte(packed, (unsigned)length - 9);
    image_put_byte(packed, (distance - 1) & 255);
}

static void make(struct image *text, struct image *string, uint64_t seed)
{
    struct image packed = {0};
    while (text->length < TEXT_LENGTH)
        add_part(text, &packed, &seed);
    image_put_byte(string, 0xc3);
    image_put_length(string, packed.length);
    image_put_length(string, text->length);
    image_put(string, packed.bytes, packed.length);
    image_release(&packed);
}

static struct input *begin(struct image_source *state, const struct image *string, size_t piece,
                           struct error *err)
{
    *state = (struct image_source){string->bytes, string->length, piece, 0, 0};
    struct rdb_source source = image_source(state);
    struct input *input = malloc(sizeof(*input));
    assert_non_null(input);
    input_init(input, &source);
    input->err = err;
    return input;
}

/* By steps of up to INPUT_HAVE_MAX bytes, and now and then over many. */
static void compare(struct blob *blob, const struct image *text, uint64_t random)
{
    for (size_t at = 0; at < text->length;) {
        size_t there = 0, step = 1 + next_random(&random) % INPUT_HAVE_MAX;
        assert_int_equal(blob_position(blob), at);
        assert_int_equal(blob_have_most(blob, step, &there), 0);
        assert_true(there == step || there == text->length - at);
        assert_memory_equal(blob->at, text->bytes + at, there);
        if (next_random(&random) % 50 == 0)
            there = next_random(&random) % (text->length - at) / 10 + 1;
        assert_int_equal(blob_skip(blob, there), 0);
        at += there;
    }
}

static void comes_out_as_it_was(void **state)
{
    (void)state;
    struct lzf *lzf = malloc(sizeof(*lzf));
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct image text = {0}, string = {0};
        struct image_source given;
        struct error err = {0};
        struct blob blob;
        make(&text, &string, seed);
        struct input *input = begin(&given, &string, seed % 3 ? SIZE_MAX : 1, &err);
        assert_int_equal(blob_begin(&blob, input, lzf), 0);
        assert_int_equal(blob.length, text.length);
        compare(&blob, &text, seed);
        assert_int_equal(blob_end(&blob), 0);
        assert_int_equal(input_offset(input), string.length);
        free(input);
        image_release(&text);
        image_release(&string);
    }
    free(lzf);
}

static void is_measured(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct image text = {0}, string = {0};
        struct image_source given;
        struct error err = {0};
        uint64_t length = 0;
        make(&text, &string, seed);
        struct input *input = begin(&given, &string, seed % 3 ? SIZE_MAX : 1, &err);
        assert_int_equal(string_pass(input, &length), 0);
        assert_int_equal(length, text.length);
        assert_int_equal(input_offset(input), string.length);
        free(input);
        image_release(&text);
        image_release(&string);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_was),
        cmocka_unit_test(is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
