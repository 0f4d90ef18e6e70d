/* Lengths and strings of an RDB: plain, as an integer of 8, 16 or 32 bits, or compressed by LZF.
 *
 * string_begin reads what precedes the bytes; string_skip, string_read or blob_begin (blob.h) must
 * pass over these next.  All return -1 with the error of the input. */
#ifndef RDB_RDB_STRING_H
#define RDB_RDB_STRING_H

#include "input.h"

enum string_form { STRING_PLAIN, STRING_INTEGER, STRING_LZF };

enum { STRING_DIGITS_MAX = 20 /* of a signed integer of 64 bits, with its sign */ };

struct string {
    uint64_t length; /* of the text; of an integer its digits and sign */
    uint64_t packed; /* bytes in the input, of a compressed one */
    int64_t integer;
    enum string_form form;
};

/* A length or a count.  A string's form in its place is an error. */
int length_read_far(struct input *input, uint64_t *ret_length);

static inline int length_read(struct input *input, uint64_t *ret_length)
{
    if (input->at < input->end && *input->at < 64) {
        *ret_length = *input->at++;
        return 0;
    }
    return length_read_far(input, ret_length);
}

int string_begin_far(struct input *input, struct string *ret_string);

static inline int string_begin(struct input *input, struct string *ret_string)
{
    if (input->at < input->end && *input->at < 64) {
        ret_string->length = *input->at++;
        ret_string->form = STRING_PLAIN;
        return 0;
    }
    return string_begin_far(input, ret_string);
}

/* Passes over the bytes.  What is compressed is walked: its parts must add up to the length that
 * was told and refer to nothing before its beginning. */
int string_skip_packed(struct input *input, const struct string *string);

static inline int string_skip(struct input *input, const struct string *string)
{
    if (string->form == STRING_PLAIN)
        return input_skip(input, string->length);
    return string->form == STRING_LZF ? string_skip_packed(input, string) : 0;
}

/* One as a whole. */
static inline int string_pass(struct input *input, uint64_t *ret_length)
{
    struct string string;
    if (string_begin(input, &string) < 0)
        return -1;
    *ret_length = string.length;
    return string_skip(input, &string);
}

/* So many strings, and so many lengths, one after the other. */
int strings_pass(struct input *input, uint64_t count);
int lengths_pass(struct input *input, uint64_t count);

/* Writes the digits, not terminated; returns their number. */
size_t integer_print(int64_t integer, char ret_digits[STRING_DIGITS_MAX]);

#endif
