#include "rdb_string.h"

#include "lzf.h"

enum { LENGTH_32 = 0x80, LENGTH_64 = 0x81 };

static uint64_t big_endian(const unsigned char *bytes, size_t length)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* 1: a string's form, which is the number. */
static int read_length(struct input *input, uint64_t *ret_length)
{
    if (input_have(input, 1) < 0)
        return -1;
    unsigned char first = *input->at;
    size_t more = 0;
    switch (first >> 6) {
    case 0:
    case 3:
        *ret_length = first & 63;
        input->at++;
        return first >> 6 == 3;
    case 1:
        if (input_have(input, 2) < 0)
            return -1;
        *ret_length = (uint64_t)(first & 63) << 8 | input->at[1];
        input->at += 2;
        return 0;
    default:
        break;
    }
    if (first != LENGTH_32 && first != LENGTH_64)
        return input_fail(input, "0x%02x begins no length", first);
    more = first == LENGTH_32 ? 4 : 8;
    if (input_have(input, 1 + more) < 0)
        return -1;
    *ret_length = big_endian(input->at + 1, more);
    input->at += 1 + more;
    return 0;
}

int length_read_far(struct input *input, uint64_t *ret_length)
{
    int status = read_length(input, ret_length);
    if (status > 0) {
        input->at--;
        return input_fail(input, "a string where a number is due");
    }
    return status;
}

size_t integer_print(int64_t integer, char ret_digits[STRING_DIGITS_MAX])
{
    char reversed[STRING_DIGITS_MAX];
    size_t count = 0, length = 0;
    uint64_t rest = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
    do
        reversed[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (integer < 0)
        ret_digits[length++] = '-';
    while (count > 0)
        ret_digits[length++] = reversed[--count];
    return length;
}

/* Width: 1, 2 or 4 bytes. */
static int begin_integer(struct input *input, size_t width, struct string *ret_string)
{
    char digits[STRING_DIGITS_MAX];
    if (input_have(input, width) < 0)
        return -1;
    unsigned shift = 64 - 8 * (unsigned)width;
    ret_string->form = STRING_INTEGER;
    ret_string->integer = (int64_t)(little_endian(input->at, width) << shift) >> shift;
    ret_string->length = integer_print(ret_string->integer, digits);
    input->at += width;
    return 0;
}

int string_begin_far(struct input *input, struct string *ret_string)
{
    int status = read_length(input, &ret_string->length);
    ret_string->form = STRING_PLAIN;
    if (status <= 0)
        return status;
    if (ret_string->length < 3)
        return begin_integer(input, (size_t)1 << ret_string->length, ret_string);
    if (ret_string->length != 3) {
        input->at--;
        return input_fail(input, "a string of the unknown form %d", (int)ret_string->length);
    }
    ret_string->form = STRING_LZF;
    return length_read(input, &ret_string->packed) < 0 ? -1
                                                       : length_read(input, &ret_string->length);
}

int string_skip_packed(struct input *input, const struct string *string)
{
    return lzf_measure(input, string->packed, string->length);
}

int strings_pass(struct input *input, uint64_t count)
{
    uint64_t length = 0;
    for (; count > 0; count--) {
        if (string_pass(input, &length) < 0)
            return -1;
    }
    return 0;
}

int lengths_pass(struct input *input, uint64_t count)
{
    uint64_t length = 0;
    for (; count > 0; count--) {
        if (length_read(input, &length) < 0)
            return -1;
    }
    return 0;
}
