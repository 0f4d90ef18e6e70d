/* The strict parsers of single texts: what they take is what they say, written again it is taken
 * again, and reading UTF-8 agrees with a plain decoder. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address_map.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "fuzz.h"

static void check_integer(struct text text)
{
    int64_t number, again;
    char digits[24];
    if (text_parse_integer(text, &number) < 0)
        return;
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    assert(text_parse_integer(text_of(digits), &again) == 0 && again == number);
    assert(text.bytes[0] == '-' || (text.bytes[0] >= '0' && text.bytes[0] <= '9'));
}

/* Bytes of the character that begins there (RFC 3629), by its code point; 0 where there is none. */
static size_t width_of(struct text text)
{
    static const uint32_t leasts[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *b = (const unsigned char *)text.bytes;
    size_t width = b[0] < 0x80       ? 1
                   : b[0] >> 5 == 6  ? 2
                   : b[0] >> 4 == 14 ? 3
                   : b[0] >> 3 == 30 ? 4
                                     : 0;
    uint32_t point = width < 2 ? b[0] : b[0] & (0x7fU >> width);
    if (width == 0 || width > text.length)
        return 0;
    for (size_t i = 1; i < width; i++) {
        if (b[i] >> 6 != 2)
            return 0;
        point = point << 6 | (b[i] & 0x3f);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < leasts[width] || point > 0x10ffff || surrogate ? 0 : width;
}

static void check_utf8(struct text text)
{
    bool well = true;
    for (size_t i = 0; i < text.length;) {
        struct text rest = {text.bytes + i, text.length - i};
        size_t width = width_of(rest);
        assert(text_utf8_width(rest.bytes, rest.length) == width);
        well = well && width > 0;
        i += width > 0 ? width : 1;
    }
    assert(text_is_utf8(text.bytes, text.length) == well);
}

static void check_percent(struct text text)
{
    char *encoded = malloc(3 * text.length + 1), *decoded = malloc(3 * text.length + 1);
    if (!encoded || !decoded)
        abort();
    size_t length = fuzz_percent_encode(text, false, encoded);
    ptrdiff_t back = text_percent_decode((struct text){encoded, length}, decoded);
    assert(back == (ptrdiff_t)text.length && memcmp(decoded, text.bytes, text.length) == 0);
    free(encoded);
    encoded = malloc(text.length + 1);
    assert(encoded);
    assert(text_percent_decode(text, encoded) <= (ptrdiff_t)text.length);
    free(encoded);
    free(decoded);
}

static void check_hex(struct text text)
{
    unsigned char *bytes = malloc(text.length / 2 + 1);
    char *digits = malloc(2 * (text.length / 2) + 1);
    if (!bytes || !digits)
        abort();
    if (text_parse_hex(text.bytes, bytes, text.length / 2) == 0) {
        text_format_hex(bytes, text.length / 2, digits);
        struct text even = {text.bytes, text.length / 2 * 2};
        assert(text_equals_ignoring_case(text_of(digits), even));
    }
    free(bytes);
    free(digits);
}

static void check_clock(struct text text)
{
    /* 1000-01-01T00:00:00Z: years before that are not written with four digits. */
    const int64_t formatted_from = -30610224000;
    int64_t moment, again;
    char basic[CLOCK_BASIC_LENGTH + 1], iso[CLOCK_ISO_LENGTH + 1];
    if (clock_parse_basic(text.bytes, (int)text.length, &moment) == 0 && moment >= formatted_from) {
        clock_format_basic(moment, basic);
        assert(text_equals(text_of(basic), text));
    }
    if (clock_parse_iso(text.bytes, (int)text.length, &moment) == 0) {
        assert(moment >= 0);
        clock_format_iso(moment, iso);
        assert(strlen(iso) == CLOCK_ISO_LENGTH);
        assert(clock_parse_iso(iso, CLOCK_ISO_LENGTH, &again) == 0 && again == moment);
    }
}

static void check_uuid(struct text text)
{
    struct uuid uuid, again;
    char digits[UUID_HEX_LENGTH + 1];
    bool dashed = uuid_parse(text, &uuid) == 0;
    if (uuid_parse_any(text, &uuid) < 0) {
        assert(!dashed);
        return;
    }
    assert(uuid_parse(text_of(uuid.text), &again) == 0 && strcmp(uuid.text, again.text) == 0);
    assert(!dashed || text_equals_ignoring_case(text_of(uuid.text), text));
    uuid_format_hex(&uuid, digits);
    assert(uuid_parse_any(text_of(digits), &again) == 0 && strcmp(uuid.text, again.text) == 0);
}

static void check_endpoint(struct text text)
{
    struct endpoint endpoint;
    char written[ENDPOINT_TEXT_MAX + 1];
    if (endpoint_parse(text, &endpoint) < 0)
        return;
    endpoint_format(&endpoint, written);
    assert(text_equals(text_of(written), text));
}

/* What an entry announces is replaced, and what is not announced stays. */
static void check_map(const char *text)
{
    struct address_map map;
    struct error err = {0};
    struct endpoint stranger = {.host = "no-such.host", .port = 1}, known;
    if (address_map_parse(text, &map, &err) < 0) {
        assert(err.code == ERROR_INVALID_PARAMETER);
        return;
    }
    assert(map.count <= ADDRESS_MAP_ENTRIES_MAX);
    struct text entry = {text, strcspn(text, ",")}, announced = fuzz_cut(&entry, '=');
    if (map.count > 0 && endpoint_parse(announced, &known) == 0) {
        char written[ENDPOINT_TEXT_MAX + 1];
        address_map_apply(&map, &known);
        endpoint_format(&known, written);
        assert(text_equals(text_of(written), entry));
    }
    if (!strstr(text, "no-such")) {
        address_map_apply(&map, &stranger);
        assert(stranger.port == 1);
    }
    address_map_release(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text text = {(const char *)bytes, length};
    char *terminated = fuzz_terminated(text);
    check_integer(text);
    check_utf8(text);
    check_percent(text);
    check_hex(text);
    check_clock(text);
    check_uuid(text);
    check_endpoint(text);
    check_map(terminated);
    struct text trimmed = text_trim(text);
    assert(text_equals(text_trim(trimmed), trimmed));
    free(terminated);
    return 0;
}
