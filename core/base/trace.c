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
void trace_descend(struct trace *trace)
{
    struct uuid uuid;
    char digits[UUID_HEX_LENGTH + 1];
    uuid_generate(&uuid);
    uuid_format_hex(&uuid, digits);
    memcpy(trace->span, digits, TRACE_SPAN_LENGTH);
    trace->span[TRACE_SPAN_LENGTH] = '\0';
}

void trace_format(const struct trace *trace, char ret_parent[TRACE_PARENT_LENGTH + 1])
{
    snprintf(ret_parent, TRACE_PARENT_LENGTH + 1, "00-%s-%s-%s", trace->id, trace->span,
             trace->sampled ? "01" : "00");
}
