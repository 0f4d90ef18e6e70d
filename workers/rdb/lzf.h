/* LZF as it passes, in constant memory: liblzf takes whole buffers only.
 *
 * The format (Lehmann, liblzf): a byte below 32 begins that many and one bytes as they are; another
 * one refers back: its upper 3 bits are the length minus 2 (7: the next byte is added), its lower 5
 * and a further byte the distance minus 1. */
#ifndef RDB_LZF_H
#define RDB_LZF_H

#include "input.h"

enum {
    LZF_DISTANCE_MAX = 1 << 13,
    LZF_RUN_MAX = 7 + 255 + 2, /* bytes of one part */
    LZF_PART_MAX = 1 + 32      /* bytes that a part takes in the input */
};

/* Passes over `packed` bytes that must give `length`. */
int lzf_measure(struct input *input, uint64_t packed, uint64_t length);

/* What is left of a string, and a buffer with the end of what has been. */
struct lzf {
    uint64_t packed; /* bytes of the input to come */
    uint64_t left;   /* bytes of the text to come, after `filled` */
    unsigned char *filled;
    unsigned char bytes[LZF_DISTANCE_MAX + (32 << 10)];
};

void lzf_begin(struct lzf *lzf, uint64_t packed, uint64_t length);

/* Adds to the buffer, after at least one part until it is full, and keeps what is from `keep` on
 * and what may be referred to; returns where `keep` is now, or null with the input's error.  The
 * caller has read so much that LZF_RUN_MAX bytes find room. */
unsigned char *lzf_more(struct lzf *lzf, struct input *input, const unsigned char *keep);

/* Fails where the text or what it is packed in has more than the other. */
int lzf_end(const struct lzf *lzf, const struct input *input);

#endif
