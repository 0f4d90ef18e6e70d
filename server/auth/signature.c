/* SDK-HMAC-SHA256: the canonical request is hashed piece by piece as it is derived, never stored.
 */
#include "auth/signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/scope.h"

static const char algorithm[] = "SDK-HMAC-SHA256";
static const char date_header[] = "x-sdk-date";
static const char content_hash_header[] = "x-sdk-content-sha256";

static int refuse(struct error *err, const char *why)
{
    return error_set_public(err, ERROR_UNAUTHENTICATED, "%s", why);
}

int signature_refuse(struct error *err)
{
    return refuse(err, "verify aksk signature fail");
}

const struct auth_header *auth_request_find_header(const struct auth_request *request,
                                                   const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (text_equals_ignoring_case(request->headers[i].name, text_of(name)))
            return &request->headers[i];
    }
    return NULL;
}

size_t auth_request_count_headers(const struct auth_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += text_equals_ignoring_case(request->headers[i].name, text_of(name));
    return count;
}

/* Cuts the part before the separator off the front of rest; false where nothing is left. */
static bool next_part(struct text *rest, char separator, struct text *ret_part)
{
    if (!rest->bytes)
        return false;
    const char *end = rest->length ? memchr(rest->bytes, separator, rest->length) : NULL;
    *ret_part = (struct text){rest->bytes, end ? (size_t)(end - rest->bytes) : rest->length};
    *rest = end ? (struct text){end + 1, rest->length - ret_part->length - 1} : (struct text){0};
    return true;
}

static bool has_prefix(struct text text, struct text prefix, struct text *ret_rest)
{
    if (text.length < prefix.length || memcmp(text.bytes, prefix.bytes, prefix.length) != 0)
        return false;
    *ret_rest = (struct text){text.bytes + prefix.length, text.length - prefix.length};
    return true;
}

/* The same bytes in upper-case hex are refused: a signature has one written form. */
static int parse_digest(struct text digits, unsigned char ret_digest[DIGEST_LENGTH])
{
    if (digits.length != 2 * DIGEST_LENGTH)
        return -1;
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.bytes[i] >= 'A' && digits.bytes[i] <= 'F')
            return -1;
    }
    return text_parse_hex(digits.bytes, ret_digest, DIGEST_LENGTH);
}

static int parse_fields(struct text fields, struct signature *ret_signature, struct error *err)
{
    struct text field, digits = {0};
    *ret_signature = (struct signature){0};
    while (next_part(&fields, ',', &field)) {
        struct text *place;
        struct text value;
        field = text_trim(field);
        if (has_prefix(field, TEXT("Access="), &value))
            place = &ret_signature->access_key;
        else if (has_prefix(field, TEXT("SignedHeaders="), &value))
            place = &ret_signature->signed_headers;
        else if (has_prefix(field, TEXT("Signature="), &value))
            place = &digits;
        else
            return refuse(err, "Authorization header has an unknown field");
        if (place->bytes)
            return refuse(err, "Authorization header has a field twice");
        *place = value;
    }
    if (ret_signature->access_key.length == 0)
        return refuse(err, "Authorization header has no Access");
    if (ret_signature->signed_headers.length == 0)
        return refuse(err, "Authorization header has no SignedHeaders");
    if (parse_digest(digits, ret_signature->digest) < 0)
        return refuse(err, "Authorization header's Signature is not 64 lower-case hex digits");
    return 0;
}

bool signature_signs(const struct signature *signature, const char *name)
{
    struct text rest = signature->signed_headers, part;
    while (next_part(&rest, ';', &part)) {
        if (text_equals_ignoring_case(part, text_of(name)))
            return true;
    }
    return false;
}

static int check_date(const struct auth_request *request, int64_t now, int64_t window_seconds,
                      struct signature *signature, struct error *err)
{
    const struct auth_header *date = auth_request_find_header(request, date_header);
    if (!date || auth_request_count_headers(request, date_header) != 1)
        return refuse(err, "exactly one X-Sdk-Date header is needed");
    if (!signature_signs(signature, date_header))
        return refuse(err, "the X-Sdk-Date header is not signed");
    int64_t signed_at;
    signature->date = text_trim(date->value);
    if (clock_parse_basic(signature->date.bytes, (int)signature->date.length, &signed_at) < 0)
        return refuse(err, "the X-Sdk-Date header is not of the form YYYYMMDDTHHMMSSZ");
    int64_t age = now - signed_at;
    if (age <= window_seconds && age >= -window_seconds)
        return 0;
    char server_time[CLOCK_BASIC_LENGTH + 1];
    clock_format_basic(now, server_time);
    return error_set_public(err, ERROR_UNAUTHENTICATED,
                            "calc aksk signature fail:signature expired, signature time:%.*s,"
                            "server time:%s",
                            (int)signature->date.length, signature->date.bytes, server_time);
}

static void hash_body(struct text body, char ret_digits[2 * DIGEST_LENGTH + 1])
{
    unsigned char digest[DIGEST_LENGTH];
    digest_of(body, digest);
    text_format_hex(digest, sizeof(digest), ret_digits);
}

static int check_content_hash(const struct auth_request *request, struct error *err)
{
    const struct auth_header *claim = auth_request_find_header(request, content_hash_header);
    char digits[2 * DIGEST_LENGTH + 1];
    if (!claim)
        return 0;
    struct text value = text_trim(claim->value);
    if (text_equals(value, TEXT("UNSIGNED-PAYLOAD")) && request->body.length == 0)
        return 0;
    hash_body(request->body, digits);
    if (!text_equals_ignoring_case(value, text_of(digits)))
        return refuse(err, "X-Sdk-Content-Sha256 is not the hash of the body");
    return 0;
}

int signature_parse(const struct auth_request *request, int64_t now, int64_t window_seconds,
                    struct signature *ret_signature, struct error *err)
{
    const struct auth_header *header = auth_request_find_header(request, "authorization");
    struct text fields;
    if (!header)
        return refuse(err, "no Authorization or X-Auth-Token header");
    if (auth_request_count_headers(request, "authorization") != 1)
        return refuse(err, "more than one Authorization header");
    if (!has_prefix(text_trim(header->value), text_of(algorithm), &fields) || fields.length == 0 ||
        fields.bytes[0] != ' ')
        return refuse(err, "Authorization header is not of the form SDK-HMAC-SHA256 Access=...");
    if (parse_fields(fields, ret_signature, err) < 0 ||
        check_date(request, now, window_seconds, ret_signature, err) < 0)
        return -1;
    return check_content_hash(request, err);
}

/* The canonical request. */

static void put(struct digest *digest, const char *bytes, size_t length)
{
    digest_put(digest, (struct text){bytes, length});
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* Decodes, then encodes by RFC 3986.  ret_encoded has room for 3 * text.length bytes; returns how
 * many were written, or -1 where text is not percent-encoded. */
static ptrdiff_t encode_again(struct text text, char *ret_encoded)
{
    static const char digits[] = "0123456789ABCDEF";
    /* Decoded into the tail of the room, so that the encoding never overtakes what it reads. */
    char *decoded = ret_encoded + 2 * text.length;
    ptrdiff_t length = text_percent_decode(text, decoded);
    char *out = ret_encoded;
    for (ptrdiff_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)decoded[i];
        if (is_unreserved(c)) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = digits[c >> 4];
            *out++ = digits[c & 15];
        }
    }
    return length < 0 ? -1 : out - ret_encoded;
}

static int put_path(struct digest *digest, struct text path, char *room, struct error *err)
{
    struct text rest = path, segment;
    bool ends_with_slash = path.length > 0 && path.bytes[path.length - 1] == '/';
    for (bool first = true; next_part(&rest, '/', &segment); first = false) {
        ptrdiff_t length = encode_again(segment, room);
        if (length < 0)
            return refuse(err, "the path is not percent-encoded");
        if (!first)
            put(digest, "/", 1);
        put(digest, room, (size_t)length);
    }
    put(digest, "/", !ends_with_slash);
    put(digest, "\n", 1);
    return 0;
}

struct query_pair {
    struct text name, value;
};

static int compare_text(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_pairs(const void *left, const void *right)
{
    const struct query_pair *a = left, *b = right;
    int order = compare_text(a->name, b->name);
    return order ? order : compare_text(a->value, b->value);
}

static int parse_pair(struct text part, char **room, struct query_pair *ret_pair, struct error *err)
{
    const char *equals = part.length ? memchr(part.bytes, '=', part.length) : NULL;
    size_t name_length = equals ? (size_t)(equals - part.bytes) : part.length;
    struct text name = {part.bytes, name_length};
    struct text value = {equals ? equals + 1 : "", equals ? part.length - name_length - 1 : 0};
    struct text *places[] = {&ret_pair->name, &ret_pair->value};
    struct text sources[] = {name, value};
    for (int i = 0; i < 2; i++) {
        ptrdiff_t length = encode_again(sources[i], *room);
        if (length < 0)
            return refuse(err, "the query is not percent-encoded");
        *places[i] = (struct text){*room, (size_t)length};
        *room += 3 * sources[i].length;
    }
    return 0;
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

static int put_query(struct digest *digest, struct text query, char *room, struct error *err)
{
    size_t most = 1, count = 0;
    for (size_t i = 0; i < query.length; i++)
        most += query.bytes[i] == '&';
    SCOPED(scope_free) struct query_pair *pairs = allocate(most * sizeof(*pairs));
    struct text rest = query.length ? query : (struct text){0}, part;
    while (next_part(&rest, '&', &part)) {
        if (part.length > 0 && parse_pair(part, &room, &pairs[count++], err) < 0)
            return -1;
    }
    qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        put(digest, "&", i > 0);
        digest_put(digest, pairs[i].name);
        put(digest, "=", 1);
        digest_put(digest, pairs[i].value);
    }
    put(digest, "\n", 1);
    return 0;
}

static int compare_values(const void *left, const void *right)
{
    return compare_text(*(const struct text *)left, *(const struct text *)right);
}

/* A header that was sent several times gives one line per value, by value. */
static int put_header(struct digest *digest, const struct auth_request *request, struct text name,
                      struct error *err)
{
    struct text values[SIGNATURE_SIGNED_HEADERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (text_equals_ignoring_case(request->headers[i].name, name) &&
            count < SIGNATURE_SIGNED_HEADERS_MAX)
            values[count++] = text_trim(request->headers[i].value);
    }
    if (count == 0)
        return refuse(err, "a signed header is missing");
    qsort(values, count, sizeof(values[0]), compare_values);
    for (size_t i = 0; i < count; i++) {
        digest_put(digest, name);
        put(digest, ":", 1);
        digest_put(digest, values[i]);
        put(digest, "\n", 1);
    }
    return 0;
}

static int put_headers(struct digest *digest, const struct auth_request *request,
                       const struct signature *signature, struct error *err)
{
    struct text rest = signature->signed_headers, name;
    for (int count = 0; next_part(&rest, ';', &name); count++) {
        if (count == SIGNATURE_SIGNED_HEADERS_MAX)
            return refuse(err, "too many signed headers");
        if (put_header(digest, request, name, err) < 0)
            return -1;
    }
    put(digest, "\n", 1);
    digest_put(digest, signature->signed_headers);
    put(digest, "\n", 1);
    return 0;
}

int signature_canonical_digest(const struct auth_request *request,
                               const struct signature *signature,
                               unsigned char ret_digest[DIGEST_LENGTH], struct error *err)
{
    const struct text target = request->target;
    const char *mark = target.length ? memchr(target.bytes, '?', target.length) : NULL;
    size_t path_length = mark ? (size_t)(mark - target.bytes) : target.length;
    struct text path = {target.bytes, path_length};
    struct text query = {mark ? mark + 1 : "", mark ? target.length - path_length - 1 : 0};
    char body_digits[2 * DIGEST_LENGTH + 1];

    SCOPED(scope_free) char *room = allocate(3 * target.length);
    struct digest *digest = digest_begin();
    digest_put(digest, request->method);
    put(digest, "\n", 1);
    if (put_path(digest, path, room, err) < 0 || put_query(digest, query, room, err) < 0 ||
        put_headers(digest, request, signature, err) < 0)
        return -1;
    hash_body(request->body, body_digits);
    put(digest, body_digits, strlen(body_digits));
    digest_end(digest, ret_digest);
    return 0;
}

int signature_verify(const struct auth_request *request, const struct signature *signature,
                     struct text secret_key, struct error *err)
{
    enum { STRING_LENGTH = sizeof(algorithm) + CLOCK_BASIC_LENGTH + 1 + 2 * DIGEST_LENGTH };
    unsigned char digest[DIGEST_LENGTH], expected[DIGEST_LENGTH];
    char string_to_sign[STRING_LENGTH + 1];
    if (signature_canonical_digest(request, signature, digest, err) < 0)
        return -1;
    char *place = string_to_sign;
    memcpy(place, algorithm, sizeof(algorithm) - 1);
    place += sizeof(algorithm) - 1;
    *place++ = '\n';
    memcpy(place, signature->date.bytes, CLOCK_BASIC_LENGTH);
    place += CLOCK_BASIC_LENGTH;
    *place++ = '\n';
    text_format_hex(digest, sizeof(digest), place);
    digest_hmac(secret_key, text_of(string_to_sign), expected);
    bool same = CRYPTO_memcmp(expected, signature->digest, sizeof(expected)) == 0;
    /* It would be the right one, for whoever can read it. */
    OPENSSL_cleanse(expected, sizeof(expected));
    return same ? 0 : signature_refuse(err);
}
