/* A string's bytes as they pass, whatever its form: what ziplists and their like are walked in.
 *
 * What is to be read next is at `at`, of which `end - at` bytes are there and `left` more follow.
 * Between blob_begin and blob_end the input is the blob's. */
#ifndef RDB_BLOB_H
#define RDB_BLOB_H

#include "lzf.h"
#include "rdb_string.h"

struct blob {
    const unsigned char *at, *end;
    uint64_t left; /* bytes after `end` */
    uint64_t length;
    uint64_t packed; /* bytes in the input where they are compressed, else 0 */
    struct input *input;
    struct lzf *lzf; /* null: the bytes are in the input as they are */
};

/* Begins with the header of a string.  The lzf is used by one blob at a time. */
int blob_begin(struct blob *blob, struct input *input, struct lzf *lzf);

/* The same where the header has been read, and the form is not an integer. */
void blob_open(struct blob *blob, struct input *input, struct lzf *lzf,
               const struct string *string);

/* Returns -1 with ERROR_RDB_FORMAT. */
#define blob_fail(blob, ...) (blob_commit(blob), input_fail((blob)->input, __VA_ARGS__))

/* The input is where the blob is. */
void blob_commit(struct blob *blob);

int blob_fill(struct blob *blob, size_t need);

/* 0: `need` bytes are there, at most INPUT_HAVE_MAX. */
static inline int blob_have(struct blob *blob, size_t need)
{
    return (size_t)(blob->end - blob->at) >= need ? 0 : blob_fill(blob, need);
}

/* The same for as many as there are, if these are fewer. */
static inline int blob_have_most(struct blob *blob, size_t need, size_t *ret_there)
{
    uint64_t all = (uint64_t)(blob->end - blob->at) + blob->left;
    *ret_there = all < need ? (size_t)all : need;
    return blob_have(blob, *ret_there);
}

int blob_skip_far(struct blob *blob, uint64_t length);

static inline int blob_skip(struct blob *blob, uint64_t length)
{
    if ((uint64_t)(blob->end - blob->at) < length)
        return blob_skip_far(blob, length);
    blob->at += length;
    return 0;
}

/* How many bytes have been read. */
static inline uint64_t blob_position(const struct blob *blob)
{
    return blob->length - blob->left - (uint64_t)(blob->end - blob->at);
}

static inline uint64_t blob_rest(const struct blob *blob)
{
    return blob->left + (uint64_t)(blob->end - blob->at);
}

/* All must have been read. */
int blob_end(struct blob *blob);

#endif
