/* `version "-" trace-id "-" parent-id "-" trace-flags`: 2, 32, 16 and 2 digits. */
#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"

enum {
    VERSION_LENGTH = 2,
    ID_AT = VERSION_LENGTH + 1,
    SPAN_AT = ID_AT + TRACE_ID_LENGTH + 1,
    FLAGS_AT = SPAN_AT + TRACE_SPAN_LENGTH + 1,
    FLAGS_LENGTH = 2,
    FLAG_SAMPLED = 0x01,
};

_Static_assert(FLAGS_AT + FLAGS_LENGTH == TRACE_PARENT_LENGTH, "the fields fill the header");

/* Lower case only, as the specification has it. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool are_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (digit_of(text[i]) < 0)
            return false;
    }
    return true;
}

static bool is_id(const char *text, size_t length)
{
    return are_digits(text, length) && strspn(text, "0") < length;
}

static bool has_form(struct text parent)
{
    const char *p = parent.bytes;
    if (parent.length < TRACE_PARENT_LENGTH || !are_digits(p, VERSION_LENGTH) ||
        memcmp(p, "ff", VERSION_LENGTH) == 0)
        return false;
    const bool is_first_version = memcmp(p, "00", VERSION_LENGTH) == 0;
    if (parent.length > TRACE_PARENT_LENGTH && (is_first_version || p[TRACE_PARENT_LENGTH] != '-'))
        return false;
    return p[ID_AT - 1] == '-' && p[SPAN_AT - 1] == '-' && p[FLAGS_AT - 1] == '-';
}

int trace_parse(struct text parent, struct trace *ret_trace)
{
    *ret_trace = (struct trace){0};
    if (!has_form(parent) || !is_id(parent.bytes + ID_AT, TRACE_ID_LENGTH) ||
        !is_id(parent.bytes + SPAN_AT, TRACE_SPAN_LENGTH) ||
        !are_digits(parent.bytes + FLAGS_AT, FLAGS_LENGTH))
        return -1;
    memcpy(ret_trace->id, parent.bytes + ID_AT, TRACE_ID_LENGTH);
    memcpy(ret_trace->span, parent.bytes + SPAN_AT, TRACE_SPAN_LENGTH);
    ret_trace->sampled = (digit_of(parent.bytes[FLAGS_AT + FLAGS_LENGTH - 1]) & FLAG_SAMPLED) != 0;
    return 0;
}

/* The first 16 digits of a UUID have 60 random bits, and one that is never 0. */
static void draw_span(struct trace *trace)
{
    struct uuid uuid;
    char digits[UUID_HEX_LENGTH + 1];
    uuid_generate(&uuid);
    uuid_format_hex(&uuid, digits);
    memcpy(trace->span, digits, TRACE_SPAN_LENGTH);
    trace->span[TRACE_SPAN_LENGTH] = '\0';
}

void trace_descend(struct trace *trace)
{
    memcpy(trace->parent, trace->span, sizeof(trace->parent));
    draw_span(trace);
}

/* In billionths, of which 2^56 has 72057594.037927936 each. */
int trace_ratio_parse(struct text text, struct trace_ratio *ret_ratio)
{
    enum { DECIMALS = 9 };
    static const uint64_t one = 1000000000, whole = 72057594, rest = 37927936;
    uint64_t billionths = 0;
    if (text.length < 1 || text.length > DECIMALS + 2 || text.length == 2 ||
        (text.length > 1 && text.bytes[1] != '.'))
        return -1;
    for (size_t place = 0; place < DECIMALS + 2; place++) {
        char digit = place < text.length ? text.bytes[place] : '0';
        if (place == 1)
            continue;
        if (digit < '0' || digit > '9')
            return -1;
        billionths = billionths * 10 + (uint64_t)(digit - '0');
    }
    if (billionths > one)
        return -1;
    ret_ratio->threshold = billionths * whole + billionths * rest / one;
    return 0;
}

static uint64_t randomness_of(const char *id)
{
    enum { DIGITS = 14 };
    uint64_t value = 0;
    for (const char *c = id + TRACE_ID_LENGTH - DIGITS; c < id + TRACE_ID_LENGTH; c++)
        value = value << 4 | (uint64_t)digit_of(*c);
    return value;
}

void trace_begin(struct trace *trace, const char *id, struct trace_ratio ratio)
{
    static const uint64_t all = UINT64_C(1) << 56;
    *trace = (struct trace){0};
    memcpy(trace->id, id, TRACE_ID_LENGTH);
    trace->sampled = randomness_of(id) >= all - ratio.threshold;
    /* Nobody will look for the span of one that is not: most requests are spared another draw. */
    if (trace->sampled)
        draw_span(trace);
    else
        memcpy(trace->span, id, TRACE_SPAN_LENGTH);
}

void trace_format(const struct trace *trace, char ret_parent[TRACE_PARENT_LENGTH + 1])
{
    snprintf(ret_parent, TRACE_PARENT_LENGTH + 1, "00-%s-%s-%s", trace->id, trace->span,
             trace->sampled ? "01" : "00");
}
