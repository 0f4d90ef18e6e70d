#include "lzf.h"

struct part {
    size_t takes;    /* of the input */
    size_t gives;    /* of the text */
    size_t distance; /* 0: the bytes as they are */
};

/* The bytes of a part are there, or all that are left. */
static inline int read_part(const unsigned char *at, uint64_t there, struct part *ret_part)
{
    unsigned first = *at;
    if (first < 32) {
        *ret_part = (struct part){first + 2, first + 1, 0};
        return ret_part->takes <= there ? 0 : -1;
    }
    size_t length = (first >> 5) + 2, takes = 2;
    if (length == 9) {
        if (there < 3)
            return -1;
        length += at[1];
        takes = 3;
    }
    if (there < takes)
        return -1;
    *ret_part = (struct part){takes, length, ((size_t)(first & 31) << 8 | at[takes - 1]) + 1};
    return 0;
}

static int next_part(struct input *input, uint64_t packed, uint64_t given, uint64_t left,
                     struct part *ret_part)
{
    size_t need = packed < LZF_PART_MAX ? (size_t)packed : LZF_PART_MAX;
    if (input_have(input, need) < 0)
        return -1;
    if (read_part(input->at, need, ret_part) < 0)
        return input_fail(input, "LZF that ends within a part");
    if (ret_part->gives > left)
        return input_fail(input, "LZF of more bytes than were told");
    if (ret_part->distance > given)
        return input_fail(input, "LZF that refers to what is before its beginning");
    return 0;
}

int lzf_measure(struct input *input, uint64_t packed, uint64_t length)
{
    struct part part;
    for (uint64_t left = length; packed > 0 || left > 0;) {
        if (packed == 0)
            return input_fail(input, "LZF of fewer bytes than were told");
        if (next_part(input, packed, length - left, left, &part) < 0)
            return -1;
        packed -= part.takes;
        left -= part.gives;
        input->at += part.takes;
    }
    return 0;
}

void lzf_begin(struct lzf *lzf, uint64_t packed, uint64_t length)
{
    lzf->packed = packed;
    lzf->left = length;
    lzf->filled = lzf->bytes;
}

static void copy_part(struct lzf *lzf, const unsigned char *at, const struct part *part)
{
    unsigned char *to = lzf->filled;
    const unsigned char *from = part->distance ? to - part->distance : at + 1;
    if (!part->distance || part->distance >= part->gives) {
        memcpy(to, from, part->gives);
    } else {
        for (size_t i = 0; i < part->gives; i++)
            to[i] = from[i];
    }
    lzf->filled += part->gives;
    lzf->left -= part->gives;
}

static size_t room(const struct lzf *lzf)
{
    return sizeof(lzf->bytes) - (size_t)(lzf->filled - lzf->bytes);
}

static const unsigned char *slide(struct lzf *lzf, const unsigned char *keep)
{
    const unsigned char *from =
        lzf->filled - lzf->bytes > LZF_DISTANCE_MAX ? lzf->filled - LZF_DISTANCE_MAX : lzf->bytes;
    from = keep < from ? keep : from;
    memmove(lzf->bytes, from, (size_t)(lzf->filled - from));
    lzf->filled -= from - lzf->bytes;
    return keep - (from - lzf->bytes);
}

unsigned char *lzf_more(struct lzf *lzf, struct input *input, const unsigned char *keep)
{
    struct part part;
    if (room(lzf) < LZF_RUN_MAX)
        keep = slide(lzf, keep);
    do {
        if (lzf->packed == 0) {
            input_fail(input, "LZF of fewer bytes than were told");
            return NULL;
        }
        if (next_part(input, lzf->packed, (uint64_t)(lzf->filled - lzf->bytes), lzf->left, &part) <
            0)
            return NULL;
        copy_part(lzf, input->at, &part);
        lzf->packed -= part.takes;
        input->at += part.takes;
    } while (lzf->left > 0 && lzf->packed > 0 && room(lzf) >= LZF_RUN_MAX);
    return lzf->bytes + (keep - lzf->bytes);
}

int lzf_end(const struct lzf *lzf, const struct input *input)
{
    if (lzf->packed > 0)
        return input_fail(input, "LZF of more bytes than were told");
    return 0;
}
