/* One state for each place in the grammar, one byte at a time, data by the run. */
#include "chunks.h"

#include "framing.h"

enum {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER,
    TRAILER_LF,
    LAST_LF,
    DONE,
};

enum { DIGITS_MAX = 8 };

static int refuse(struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "chunked body");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int read_size(struct chunks *chunks, char c, struct error *err)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (++chunks->digits > DIGITS_MAX)
            return refuse(err);
        chunks->left = chunks->left * 16 + (size_t)digit;
        return 0;
    }
    if (chunks->digits == 0 || (c != '\r' && c != ';'))
        return refuse(err);
    chunks->total += chunks->left;
    if (chunks->total > FRAMING_BODY_MAX)
        return error_set(err, ERROR_BODY_TOO_LARGE, "body larger than %d bytes", FRAMING_BODY_MAX);
    chunks->state = c == '\r' ? SIZE_LF : EXTENSION;
    return 0;
}

/* What may hold anything printable up to its CR. */
static int read_aside(struct chunks *chunks, char c, int next, struct error *err)
{
    if (c == '\r') {
        chunks->state = next;
        return 0;
    }
    if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f || ++chunks->aside > CHUNKS_ASIDE_MAX)
        return refuse(err);
    return 0;
}

static int expect(struct chunks *chunks, char c, char wanted, int next, struct error *err)
{
    if (c != wanted)
        return refuse(err);
    chunks->state = next;
    return 0;
}

static int read_byte(struct chunks *chunks, char c, struct error *err)
{
    switch (chunks->state) {
    case SIZE:
        return read_size(chunks, c, err);
    case EXTENSION:
        return read_aside(chunks, c, SIZE_LF, err);
    case SIZE_LF:
        chunks->digits = 0;
        return expect(chunks, c, '\n', chunks->left > 0 ? DATA : TRAILER_START, err);
    case DATA_CR:
        return expect(chunks, c, '\r', DATA_LF, err);
    case DATA_LF:
        return expect(chunks, c, '\n', SIZE, err);
    case TRAILER_START:
        if (c == '\r')
            return expect(chunks, c, '\r', LAST_LF, err);
        chunks->state = TRAILER;
        return c == ' ' || c == '\t' ? refuse(err) : read_aside(chunks, c, TRAILER_LF, err);
    case TRAILER:
        return read_aside(chunks, c, TRAILER_LF, err);
    case TRAILER_LF:
        return expect(chunks, c, '\n', TRAILER_START, err);
    default:
        return expect(chunks, c, '\n', DONE, err);
    }
}

int chunks_read(struct chunks *chunks, struct text fresh, struct error *err)
{
    for (size_t i = 0; i < fresh.length && chunks->state != DONE;) {
        if (chunks->state == DATA) {
            size_t length = fresh.length - i < chunks->left ? fresh.length - i : chunks->left;
            i += length;
            chunks->left -= length;
            if (chunks->left == 0)
                chunks->state = DATA_CR;
        } else if (read_byte(chunks, fresh.bytes[i++], err) < 0) {
            return -1;
        }
    }
    return chunks->state == DONE;
}
