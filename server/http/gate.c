/* Lines are looked at as they end, so that what is no HTTP is refused with its first one. */
#include "gate.h"

#include <string.h>

/* Method, version and blanks, beside the target. */
enum { REQUEST_LINE_MAX = FRAMING_TARGET_MAX + 64 };

static int refuse(struct error *err, const char *what)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", what);
}

/* A line that has its LF at end.  Returns 1 where it is the empty one that ends the head. */
static int take_line(struct gate *gate, struct text input, size_t end, struct error *err)
{
    if (end == gate->line || input.bytes[end - 1] != '\r')
        return refuse(err, "line ending");
    struct text line = {input.bytes + gate->line, end - 1 - gate->line};
    bool is_first = gate->line == 0;
    gate->line = end + 1;
    if (line.length == 0)
        return is_first ? 0 : 1;
    if (!gate->has_request_line) {
        gate->has_request_line = true;
        return framing_check_request_line(line, err);
    }
    return 0;
}

static int check_unfinished(const struct gate *gate, struct text input, struct error *err)
{
    if (!gate->has_request_line && input.length - gate->line > REQUEST_LINE_MAX)
        return error_set(err, ERROR_URI_TOO_LARGE, "request line of %zu bytes", input.length);
    if (input.length > FRAMING_HEAD_MAX)
        return error_set(err, ERROR_HEADERS_TOO_LARGE, "head larger than %d bytes",
                         FRAMING_HEAD_MAX);
    return 0;
}

/* Nothing in a head may be a control byte but the ends of lines and tabs: what is binary is refused
 * before it has a line. */
static int check_bytes(struct text fresh, struct error *err)
{
    for (size_t i = 0; i < fresh.length; i++) {
        unsigned char c = (unsigned char)fresh.bytes[i];
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
            return refuse(err, "byte in the request head");
    }
    return 0;
}

/* Returns 1 where the head is complete.  One that comes in one piece is for framing_check alone. */
static int scan_head(struct gate *gate, struct text input, struct error *err)
{
    if (gate->scanned == 0 && memmem(input.bytes, input.length, "\r\n\r\n", 4))
        return 1;
    while (gate->scanned < input.length) {
        const char *from = input.bytes + gate->scanned;
        const char *found = memchr(from, '\n', input.length - gate->scanned);
        size_t end = found ? (size_t)(found - input.bytes) : input.length;
        if (check_bytes((struct text){from, end - gate->scanned}, err) < 0)
            return -1;
        if (!found) {
            gate->scanned = input.length;
            break;
        }
        gate->scanned = end + 1;
        int taken = take_line(gate, input, end, err);
        if (taken != 0)
            return taken;
    }
    return check_unfinished(gate, input, err);
}

static int read_chunks(struct gate *gate, struct text fresh, struct error *err)
{
    int ended = chunks_read(&gate->chunks, fresh, err);
    if (ended < 0)
        return -1;
    gate->state = ended ? GATE_OPEN : GATE_BODY;
    return 0;
}

/* The head has been found good, and is still there. */
static struct text target_of(struct text input)
{
    struct framing framing;
    struct error ignored = {0};
    framing_check(input, &framing, &ignored);
    return framing.target;
}

/* Of a head that is refused before its end: what is there of it. */
static struct text find_target(struct text input)
{
    const char *blank = input.length > 0 ? memchr(input.bytes, ' ', input.length) : NULL;
    if (!blank)
        return (struct text){0};
    struct text rest = {blank + 1, input.length - (size_t)(blank + 1 - input.bytes)};
    size_t length = 0;
    while (length < rest.length && rest.bytes[length] > ' ')
        length++;
    return (struct text){rest.bytes, length};
}

static int read_head(struct gate *gate, struct text input, struct framing *framing,
                     struct error *err)
{
    int status = scan_head(gate, input, err);
    if (status == 0)
        return 0;
    if (status > 0)
        status = framing_check(input, framing, err);
    if (status < 0 && framing->target.length == 0)
        framing->target = find_target(input);
    if (status < 0)
        return -1;
    gate->is_chunked = framing->is_chunked;
    gate->length = framing->head_length + framing->content_length;
    if (gate->is_chunked)
        return read_chunks(
            gate,
            (struct text){input.bytes + framing->head_length, input.length - framing->head_length},
            err);
    gate->state = input.length >= gate->length ? GATE_OPEN : GATE_BODY;
    return 0;
}

int gate_read(struct gate *gate, struct text input, size_t fresh, struct framing *ret_framing,
              struct error *err)
{
    ret_framing->target = (struct text){0};
    if (gate->state == GATE_HEAD)
        return read_head(gate, input, ret_framing, err);
    if (gate->state == GATE_BODY && gate->is_chunked) {
        int status =
            read_chunks(gate, (struct text){input.bytes + input.length - fresh, fresh}, err);
        if (status < 0)
            ret_framing->target = target_of(input);
        return status;
    }
    if (gate->state == GATE_BODY && input.length >= gate->length)
        gate->state = GATE_OPEN;
    return 0;
}
