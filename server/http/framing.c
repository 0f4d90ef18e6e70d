/* Reads a head line by line and refuses whatever two parsers could read in two ways. */
#include "framing.h"

#include <string.h>

enum { CONTENT_LENGTH_DIGITS_MAX = 18 };

static int refuse(struct error *err, const char *what)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", what);
}

/* Cuts a line off the front of rest; every line must end with CR LF. */
static int next_line(struct text *rest, struct text *ret_line, struct error *err)
{
    const char *end = rest->length ? memchr(rest->bytes, '\n', rest->length) : NULL;
    if (!end)
        return refuse(err, "request head");
    size_t length = (size_t)(end - rest->bytes);
    if (length == 0 || rest->bytes[length - 1] != '\r')
        return refuse(err, "line ending");
    *ret_line = (struct text){rest->bytes, length - 1};
    *rest = (struct text){end + 1, rest->length - length - 1};
    if (memchr(ret_line->bytes, '\r', ret_line->length))
        return refuse(err, "line ending");
    return 0;
}

/* tchar of RFC 9110, 5.6.2. */
static bool is_token(struct text text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alphanumeric && !memchr(marks, c, sizeof(marks) - 1))
            return false;
    }
    return text.length > 0;
}

static bool is_visible_ascii(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] <= ' ' || text.bytes[i] > '~')
            return false;
    }
    return text.length > 0;
}

static bool has_control_byte(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

struct request_line {
    struct text target;
    bool is_1_0;
};

static int read_request_line(struct text line, struct request_line *ret, struct error *err)
{
    const char *first = memchr(line.bytes, ' ', line.length);
    const char *last = memrchr(line.bytes, ' ', line.length);
    if (!first || last - first <= 1 ||
        !is_token((struct text){line.bytes, (size_t)(first - line.bytes)}))
        return refuse(err, "request line");
    struct text target = {first + 1, (size_t)(last - first - 1)};
    if (target.length > FRAMING_TARGET_MAX)
        return error_set(err, ERROR_URI_TOO_LARGE, "target of %zu bytes", target.length);
    if (!is_visible_ascii(target))
        return refuse(err, "request line");
    struct text version = {last + 1, line.length - (size_t)(last + 1 - line.bytes)};
    ret->is_1_0 = text_equals(version, TEXT("HTTP/1.0"));
    if (!ret->is_1_0 && !text_equals(version, TEXT("HTTP/1.1")))
        return refuse(err, "HTTP version");
    ret->target = target;
    return 0;
}

int framing_check_request_line(struct text line, struct error *err)
{
    struct request_line read;
    return read_request_line(line, &read, err);
}

static int read_header(struct text line, struct framing *framing, struct error *err)
{
    if (line.bytes[0] == ' ' || line.bytes[0] == '\t')
        return refuse(err, "folded header");
    if (framing->header_count == FRAMING_HEADERS_MAX)
        return error_set(err, ERROR_HEADERS_TOO_LARGE, "more than %d headers", FRAMING_HEADERS_MAX);
    const char *colon = memchr(line.bytes, ':', line.length);
    size_t name_length = colon ? (size_t)(colon - line.bytes) : 0;
    struct text name = {line.bytes, name_length};
    if (!is_token(name) || has_control_byte(line))
        return refuse(err, "header");
    struct auth_header *header = &framing->headers[framing->header_count++];
    header->name = name;
    header->value = text_trim((struct text){colon + 1, line.length - name_length - 1});
    return 0;
}

/* How many there are of a name, and the value of the first. */
static size_t find(const struct framing *framing, struct text name, struct text *ret_value)
{
    size_t found = 0;
    for (size_t i = 0; i < framing->header_count; i++) {
        if (!text_equals_ignoring_case(framing->headers[i].name, name))
            continue;
        if (found++ == 0)
            *ret_value = framing->headers[i].value;
    }
    return found;
}

static int read_content_length(struct text value, size_t *ret_length, struct error *err)
{
    int64_t length;
    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9')
            return refuse(err, "Content-Length header");
    }
    if (value.length == 0)
        return refuse(err, "Content-Length header");
    if (value.length > CONTENT_LENGTH_DIGITS_MAX || text_parse_integer(value, &length) < 0 ||
        length > FRAMING_BODY_MAX)
        return error_set(err, ERROR_BODY_TOO_LARGE, "body larger than %d bytes", FRAMING_BODY_MAX);
    *ret_length = (size_t)length;
    return 0;
}

static int check_headers(struct framing *framing, bool is_1_0, struct error *err)
{
    struct text host = {0}, length = {0}, encoding = {0}, expectation = {0};
    size_t hosts = find(framing, TEXT("host"), &host);
    size_t lengths = find(framing, TEXT("content-length"), &length);
    size_t encodings = find(framing, TEXT("transfer-encoding"), &encoding);
    size_t expectations = find(framing, TEXT("expect"), &expectation);
    if (hosts > 1 || (hosts == 0 && !is_1_0))
        return refuse(err, "Host header");
    if (lengths > 1)
        return refuse(err, "Content-Length header");
    if (encodings > 1 ||
        (encodings == 1 &&
         (lengths == 1 || is_1_0 || !text_equals_ignoring_case(encoding, TEXT("chunked")))))
        return refuse(err, "Transfer-Encoding header");
    if (expectations > 1 ||
        (expectations == 1 &&
         (is_1_0 || !text_equals_ignoring_case(expectation, TEXT("100-continue")))))
        return refuse(err, "Expect header");
    framing->is_chunked = encodings == 1;
    return lengths == 1 ? read_content_length(length, &framing->content_length, err) : 0;
}

int framing_check(struct text input, struct framing *ret_framing, struct error *err)
{
    struct text rest = input, line;
    struct request_line first;
    ret_framing->target = (struct text){0};
    ret_framing->header_count = 0;
    ret_framing->content_length = 0;
    /* RFC 9112, 2.2: one empty line before the request line is ignored. */
    if (rest.length >= 2 && memcmp(rest.bytes, "\r\n", 2) == 0)
        rest = (struct text){rest.bytes + 2, rest.length - 2};
    if (next_line(&rest, &line, err) < 0 || read_request_line(line, &first, err) < 0)
        return -1;
    ret_framing->target = first.target;
    for (;;) {
        if (next_line(&rest, &line, err) < 0)
            return -1;
        ret_framing->head_length = input.length - rest.length;
        if (ret_framing->head_length > FRAMING_HEAD_MAX)
            return error_set(err, ERROR_HEADERS_TOO_LARGE, "head larger than %d bytes",
                             FRAMING_HEAD_MAX);
        if (line.length == 0)
            return check_headers(ret_framing, first.is_1_0, err);
        if (read_header(line, ret_framing, err) < 0)
            return -1;
    }
}
