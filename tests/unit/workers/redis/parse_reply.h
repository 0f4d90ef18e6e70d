/* A reply out of its bytes, as a connection would hand it out. */
#ifndef TESTS_PARSE_REPLY_H
#define TESTS_PARSE_REPLY_H

#include "base/text.h"
#include "reply_reader.h"
#include "unit.h"

/* The reply lives as long as the reader, which the caller releases. */
static inline const struct redis_reply *parse_reply(struct reply_reader *reader, struct text bytes)
{
    const struct redis_reply *reply = NULL;
    struct error err = {0};
    static struct redis_memory memory;
    reply_reader_init(reader, &memory);
    assert_int_equal(reply_reader_feed(reader, bytes.bytes, bytes.length, &err), 0);
    assert_int_equal(reply_reader_next(reader, &reply, &err), 1);
    return reply;
}

#endif
