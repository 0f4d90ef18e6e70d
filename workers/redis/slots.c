/* Bits of slots, and CRC16 as the cluster specification has it (XMODEM: 0x1021, from 0). */
#include "redis/slots.h"

#include <string.h>

enum { CRC_POLYNOMIAL = 0x1021, CRC_TOP = 0x8000 };

void redis_slots_add(struct redis_slots *slots, int first, int last)
{
    for (int slot = first; slot <= last; slot++)
        slots->words[slot / 64] |= (uint64_t)1 << (slot % 64);
}

void redis_slots_unite(struct redis_slots *slots, const struct redis_slots *others)
{
    for (int i = 0; i < REDIS_SLOT_WORDS; i++)
        slots->words[i] |= others->words[i];
}

void redis_slots_remove(struct redis_slots *slots, const struct redis_slots *others)
{
    for (int i = 0; i < REDIS_SLOT_WORDS; i++)
        slots->words[i] &= ~others->words[i];
}

int redis_slots_count(const struct redis_slots *slots)
{
    int count = 0;
    for (int i = 0; i < REDIS_SLOT_WORDS; i++)
        count += __builtin_popcountll(slots->words[i]);
    return count;
}

bool redis_slots_are_none(const struct redis_slots *slots)
{
    for (int i = 0; i < REDIS_SLOT_WORDS; i++) {
        if (slots->words[i])
            return false;
    }
    return true;
}

int redis_slots_find_missing(const struct redis_slots *slots)
{
    for (int slot = 0; slot < REDIS_SLOT_COUNT; slot++) {
        if (!redis_slots_has(slots, slot))
            return slot;
    }
    return -1;
}

static struct text hashed_part(struct text name)
{
    const char *end = name.bytes + name.length;
    const char *open = name.length > 0 ? memchr(name.bytes, '{', name.length) : NULL;
    const char *close = open ? memchr(open + 1, '}', (size_t)(end - open - 1)) : NULL;
    return close && close > open + 1 ? (struct text){open + 1, (size_t)(close - open - 1)} : name;
}

int redis_key_slot(struct text name)
{
    struct text part = hashed_part(name);
    unsigned crc = 0;
    for (size_t i = 0; i < part.length; i++) {
        crc ^= (unsigned)(unsigned char)part.bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & CRC_TOP ? crc << 1 ^ CRC_POLYNOMIAL : crc << 1;
    }
    return (int)(crc % REDIS_SLOT_COUNT);
}

bool redis_reply_is_redirect(const struct redis_reply *reply)
{
    return redis_reply_is_error(reply, "MOVED") || redis_reply_is_error(reply, "ASK");
}

void redis_slots_add_redirect(struct redis_slots *slots, const struct redis_reply *reply)
{
    if (reply->kind != REDIS_ERROR || !redis_reply_is_redirect(reply))
        return;
    const char *end = reply->text.bytes + reply->text.length;
    const char *start = memchr(reply->text.bytes, ' ', reply->text.length);
    const char *stop = start ? memchr(start + 1, ' ', (size_t)(end - start - 1)) : NULL;
    int64_t slot;
    if (stop &&
        text_parse_integer((struct text){start + 1, (size_t)(stop - start - 1)}, &slot) == 0 &&
        slot >= 0 && slot < REDIS_SLOT_COUNT)
        redis_slots_add(slots, (int)slot, (int)slot);
}
