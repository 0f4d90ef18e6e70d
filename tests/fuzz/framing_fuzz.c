/* Heads out of any bytes.  What is taken keeps the rules that make it one request only, and h2o's
 * own parser, which reads the same bytes, reads the same request. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "framing.h"
#include "fuzz.h"

/* h2o's parser as its library exports it (picohttpparser). */
struct phr_header {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};
int phr_parse_request(const char *bytes, size_t length, const char **method, size_t *method_length,
                      const char **path, size_t *path_length, int *minor_version,
                      struct phr_header *headers, size_t *header_count, size_t last_length);

static size_t count(const struct framing *framing, struct text name)
{
    size_t found = 0;
    for (size_t i = 0; i < framing->header_count; i++)
        found += text_equals_ignoring_case(framing->headers[i].name, name);
    return found;
}

/* Up to and with the empty line that ends it. */
static struct text find_head(struct text input)
{
    size_t start = input.length > 1 && memcmp(input.bytes, "\r\n", 2) == 0 ? 2 : 0;
    const char *end = memmem(input.bytes + start, input.length - start, "\r\n\r\n", 4);
    assert(end);
    return (struct text){input.bytes, (size_t)(end + 4 - input.bytes)};
}

static void check_bytes(struct text head)
{
    assert(head.length <= FRAMING_HEAD_MAX);
    for (size_t i = 0; i < head.length; i++) {
        assert(head.bytes[i] != '\n' || (i > 0 && head.bytes[i - 1] == '\r'));
        assert(head.bytes[i] != '\r' || (i + 1 < head.length && head.bytes[i + 1] == '\n'));
    }
}

static void check_headers(struct text head, const struct framing *framing)
{
    assert(framing->header_count <= FRAMING_HEADERS_MAX);
    for (size_t i = 0; i < framing->header_count; i++) {
        struct text name = framing->headers[i].name, value = framing->headers[i].value;
        assert(name.length > 0 && name.bytes[0] != ' ' && name.bytes[0] != '\t');
        assert(!memchr(name.bytes, ':', name.length));
        assert(name.bytes >= head.bytes && name.bytes + name.length < value.bytes);
        assert(value.bytes + value.length <= head.bytes + head.length - 4);
        assert(text_trim(value).length == value.length);
    }
    size_t lengths = count(framing, TEXT("Content-Length"));
    size_t encodings = count(framing, TEXT("Transfer-Encoding"));
    assert(count(framing, TEXT("Host")) <= 1 && lengths + encodings <= 1);
}

static void check_as_h2o_reads(struct text head, const struct framing *framing)
{
    struct phr_header headers[FRAMING_HEADERS_MAX];
    size_t header_count = FRAMING_HEADERS_MAX, method_length, path_length;
    const char *method, *path;
    int version;
    int length = phr_parse_request(head.bytes, head.length, &method, &method_length, &path,
                                   &path_length, &version, headers, &header_count, 0);
    if (length < 0)
        return;
    assert((size_t)length == head.length && header_count == framing->header_count);
    assert(count(framing, TEXT("Host")) == 1 || version == 0);
    for (size_t i = 0; i < header_count; i++) {
        struct text name = {headers[i].name, headers[i].name_length};
        struct text value = {headers[i].value, headers[i].value_length};
        assert(text_equals(name, framing->headers[i].name));
        assert(text_equals(text_trim(value), framing->headers[i].value));
    }
}

/* What is behind the head changes nothing, and every byte of it is needed. */
static void check_alone(struct text head, const struct framing *framing)
{
    struct framing alone;
    struct error err = {0};
    char *copy = fuzz_copy(head);
    assert(framing_check((struct text){copy, head.length}, &alone, &err) == 0);
    assert(alone.header_count == framing->header_count);
    for (size_t i = 0; i < alone.header_count; i++)
        assert(text_equals(alone.headers[i].value, framing->headers[i].value));
    assert(framing_check((struct text){copy, head.length - 1}, &alone, &err) < 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text input = {(const char *)bytes, length};
    struct framing framing;
    struct error err = {0};
    if (framing_check(input, &framing, &err) < 0) {
        int status = error_describe(err.code)->http_status;
        assert(status == 400 || status == 414 || status == 431);
        assert(err.code != ERROR_INVALID_PARAMETER || err.public_argument[0]);
        return 0;
    }
    struct text head = find_head(input);
    check_bytes(head);
    check_headers(head, &framing);
    check_as_h2o_reads(head, &framing);
    check_alone(head, &framing);
    return 0;
}
