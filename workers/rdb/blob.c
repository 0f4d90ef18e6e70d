#include "blob.h"

void blob_open(struct blob *blob, struct input *input, struct lzf *lzf, const struct string *string)
{
    blob->input = input;
    blob->length = string->length;
    blob->packed = string->form == STRING_LZF ? string->packed : 0;
    blob->lzf = string->form == STRING_LZF ? lzf : NULL;
    blob->left = string->length;
    blob->at = blob->end = input->at;
    if (blob->lzf) {
        lzf_begin(lzf, string->packed, string->length);
        blob->at = blob->end = lzf->bytes;
        return;
    }
    size_t there = (size_t)(input->end - input->at);
    there = there < blob->left ? there : (size_t)blob->left;
    blob->end = blob->at + there;
    blob->left -= there;
}

int blob_begin(struct blob *blob, struct input *input, struct lzf *lzf)
{
    struct string string;
    if (string_begin(input, &string) < 0)
        return -1;
    if (string.form == STRING_INTEGER)
        return input_fail(input, "an integer where packed elements are due");
    blob_open(blob, input, lzf, &string);
    return 0;
}

void blob_commit(struct blob *blob)
{
    if (!blob->lzf)
        blob->input->at = blob->at;
}

static int fill_packed(struct blob *blob, size_t need)
{
    while ((size_t)(blob->end - blob->at) < need) {
        blob->at = lzf_more(blob->lzf, blob->input, blob->at);
        if (!blob->at)
            return -1;
        blob->end = blob->lzf->filled;
        blob->left = blob->lzf->left;
    }
    return 0;
}

int blob_fill(struct blob *blob, size_t need)
{
    uint64_t rest = blob_rest(blob);
    if (need > rest)
        return blob_fail(blob, "%zu bytes of packed elements are due where %llu are left", need,
                         (unsigned long long)rest);
    if (blob->lzf)
        return fill_packed(blob, need);
    struct input *input = blob->input;
    input->at = blob->at;
    if (input_have(input, need) < 0)
        return -1;
    size_t there = (size_t)(input->end - input->at);
    there = there < rest ? there : (size_t)rest;
    blob->at = input->at;
    blob->end = blob->at + there;
    blob->left = rest - there;
    return 0;
}

int blob_skip_far(struct blob *blob, uint64_t length)
{
    uint64_t rest = blob_rest(blob);
    if (length > rest)
        return blob_fail(blob, "an element of %llu bytes where %llu are left",
                         (unsigned long long)length, (unsigned long long)rest);
    if (!blob->lzf) {
        blob->input->at = blob->at;
        int status = input_skip(blob->input, length);
        blob->at = blob->end = blob->input->at;
        blob->left = rest - length;
        return status;
    }
    for (;;) {
        size_t there = (size_t)(blob->end - blob->at);
        size_t step = there < length ? there : (size_t)length;
        blob->at += step;
        length -= step;
        if (length == 0)
            return 0;
        if (fill_packed(blob, 1) < 0)
            return -1;
    }
}

int blob_end(struct blob *blob)
{
    uint64_t rest = blob_rest(blob);
    if (rest > 0)
        return blob_fail(blob, "%llu bytes after the end of packed elements",
                         (unsigned long long)rest);
    blob_commit(blob);
    return blob->lzf ? lzf_end(blob->lzf, blob->input) : 0;
}
