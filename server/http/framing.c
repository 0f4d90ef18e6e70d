/* Reads a head line by line and refuses whatever two parsers could read in two ways. */
#include "framing.h"

#include <string.h>

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

static int check_request_line(struct text line, bool *ret_is_1_0, struct error *err)
{
    const char *first = memchr(line.bytes, ' ', line.length);
    const char *last = memrchr(line.bytes, ' ', line.length);
    if (!first || last - first <= 1)
        return refuse(err, "request line");
    size_t target_length = (size_t)(last - first - 1);
    if (target_length > FRAMING_TARGET_MAX)
        return error_set(err, ERROR_URI_TOO_LARGE, "target of %zu bytes", target_length);
    if (memchr(first + 1, ' ', target_length))
        return refuse(err, "request line");
    struct text version = {last + 1, line.length - (size_t)(last + 1 - line.bytes)};
    *ret_is_1_0 = text_equals(version, TEXT("HTTP/1.0"));
    if (!*ret_is_1_0 && !text_equals(version, TEXT("HTTP/1.1")))
        return refuse(err, "HTTP version");
    return 0;
}

static int read_header(struct text line, struct framing *framing, struct error *err)
{
    if (line.bytes[0] == ' ' || line.bytes[0] == '\t')
        return refuse(err, "folded header");
    if (framing->header_count == FRAMING_HEADERS_MAX)
        return error_set(err, ERROR_HEADERS_TOO_LARGE, "more than %d headers", FRAMING_HEADERS_MAX);
    const char *colon = memchr(line.bytes, ':', line.length);
    if (!colon || colon == line.bytes)
        return refuse(err, "header");
    size_t name_length = (size_t)(colon - line.bytes);
    struct auth_header *header = &framing->headers[framing->header_count++];
    header->name = (struct text){line.bytes, name_length};
    header->value = text_trim((struct text){colon + 1, line.length - name_length - 1});
    return 0;
}

static size_t count(const struct framing *framing, struct text name)
{
    size_t found = 0;
    for (size_t i = 0; i < framing->header_count; i++)
        found += text_equals_ignoring_case(framing->headers[i].name, name);
    return found;
}

static int check_headers(const struct framing *framing, bool is_1_0, struct error *err)
{
    size_t hosts = count(framing, TEXT("host"));
    size_t lengths = count(framing, TEXT("content-length"));
    size_t encodings = count(framing, TEXT("transfer-encoding"));
    if (hosts > 1 || (hosts == 0 && !is_1_0))
        return refuse(err, "Host header");
    if (lengths > 1)
        return refuse(err, "Content-Length header");
    if (encodings > 1 || (encodings == 1 && (lengths == 1 || is_1_0)))
        return refuse(err, "Transfer-Encoding header");
    return 0;
}

int framing_check(struct text input, struct framing *ret_framing, struct error *err)
{
    struct text rest = input, line;
    bool is_1_0;
    ret_framing->header_count = 0;
    /* RFC 9112, 2.2: one empty line before the request line is ignored. */
    if (rest.length >= 2 && memcmp(rest.bytes, "\r\n", 2) == 0)
        rest = (struct text){rest.bytes + 2, rest.length - 2};
    if (next_line(&rest, &line, err) < 0 || check_request_line(line, &is_1_0, err) < 0)
        return -1;
    for (;;) {
        if (next_line(&rest, &line, err) < 0)
            return -1;
        if (input.length - rest.length > FRAMING_HEAD_MAX)
            return error_set(err, ERROR_HEADERS_TOO_LARGE, "head larger than %d bytes",
                             FRAMING_HEAD_MAX);
        if (line.length == 0)
            return check_headers(ret_framing, is_1_0, err);
        if (read_header(line, ret_framing, err) < 0)
            return -1;
    }
}
