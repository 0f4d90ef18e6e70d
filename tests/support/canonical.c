#include "canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

static void put(struct canonical *out, struct text text)
{
    if (out->length + text.length > out->capacity) {
        out->capacity = 2 * (out->length + text.length);
        out->text = realloc(out->text, out->capacity);
        if (!out->text)
            abort();
    }
    if (text.length > 0)
        memcpy(out->text + out->length, text.bytes, text.length);
    out->length += text.length;
}

static void put_terminated(struct canonical *out, const char *text)
{
    put(out, (struct text){text, strlen(text)});
}

static int value_of_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *place = c == '\0' ? NULL : strchr(digits, c);
    int value = place ? (int)(place - digits) : -1;
    return value > 15 ? value - 6 : value;
}

/* One character of the text, decoded, at *at, which moves past it; -1 where it is none. */
static int next_byte(struct text text, size_t *at)
{
    if (text.bytes[*at] != '%')
        return (unsigned char)text.bytes[(*at)++];
    if (*at + 2 >= text.length)
        return -1;
    int high = value_of_digit(text.bytes[*at + 1]), low = value_of_digit(text.bytes[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

static bool put_encoded(struct canonical *out, struct text text, bool keep_slash)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    for (size_t at = 0; at < text.length;) {
        bool slash = keep_slash && text.bytes[at] == '/';
        int byte = next_byte(text, &at);
        char written[16];
        if (byte < 0)
            return false;
        if (slash || (byte > 0 && strchr(kept, byte)))
            snprintf(written, sizeof(written), "%c", byte);
        else
            snprintf(written, sizeof(written), "%%%02X", (unsigned)byte);
        put_terminated(out, written);
    }
    return true;
}

static struct text cut(struct text *rest, char separator)
{
    size_t i = 0;
    while (i < rest->length && rest->bytes[i] != separator)
        i++;
    struct text part = {rest->bytes, i};
    *rest = i < rest->length ? (struct text){rest->bytes + i + 1, rest->length - i - 1}
                             : (struct text){NULL, 0};
    return part;
}

/* Lines, or pairs, that are sorted by two keys and then written. */
struct piece {
    struct canonical first, second;
};

static int order(const struct canonical *a, const struct canonical *b)
{
    for (size_t i = 0; i < a->length && i < b->length; i++) {
        if (a->text[i] != b->text[i])
            return (unsigned char)a->text[i] < (unsigned char)b->text[i] ? -1 : 1;
    }
    return a->length < b->length ? -1 : a->length > b->length;
}

static bool is_after(const struct piece *a, const struct piece *b)
{
    int first = order(&a->first, &b->first);
    return first > 0 || (first == 0 && order(&a->second, &b->second) > 0);
}

static void sort(struct piece *pieces, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct piece piece = pieces[i];
        size_t j = i;
        for (; j > 0 && is_after(&pieces[j - 1], &piece); j--)
            pieces[j] = pieces[j - 1];
        pieces[j] = piece;
    }
}

static void release(struct piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(pieces[i].first.text);
        free(pieces[i].second.text);
    }
    free(pieces);
}

static struct piece *make_pieces(size_t count)
{
    struct piece *pieces = calloc(count + 1, sizeof(*pieces));
    if (!pieces)
        abort();
    return pieces;
}

static bool put_query(struct canonical *out, struct text query)
{
    struct piece *pieces = make_pieces(query.length);
    size_t count = 0;
    bool well = true;
    while (well && query.bytes) {
        struct text value = cut(&query, '&');
        if (value.length == 0)
            continue;
        struct text name = cut(&value, '=');
        struct piece *piece = &pieces[count++];
        well = put_encoded(&piece->first, name, false) && put_encoded(&piece->second, value, false);
    }
    sort(pieces, count);
    for (size_t i = 0; well && i < count; i++) {
        put_terminated(out, i > 0 ? "&" : "");
        put(out, (struct text){pieces[i].first.text, pieces[i].first.length});
        put_terminated(out, "=");
        put(out, (struct text){pieces[i].second.text, pieces[i].second.length});
    }
    release(pieces, count);
    return well;
}

static struct text trim(struct text text)
{
    while (text.length > 0 && strchr(" \t", text.bytes[0]) && text.bytes[0])
        text = (struct text){text.bytes + 1, text.length - 1};
    while (text.length > 0 && strchr(" \t", text.bytes[text.length - 1]) &&
           text.bytes[text.length - 1])
        text.length--;
    return text;
}

static bool is_name(struct text a, struct text b)
{
    for (size_t i = 0; a.length == b.length && i < a.length; i++) {
        char c = a.bytes[i], d = b.bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c != d && !(letter && (c ^ d) == 0x20))
            return false;
    }
    return a.length == b.length;
}

static bool put_header(struct canonical *out, const struct auth_request *request, struct text name)
{
    struct piece *pieces = make_pieces(request->header_count);
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (is_name(request->headers[i].name, name))
            put(&pieces[count++].first, trim(request->headers[i].value));
    }
    sort(pieces, count);
    for (size_t i = 0; i < count; i++) {
        put(out, name);
        put_terminated(out, ":");
        put(out, (struct text){pieces[i].first.text, pieces[i].first.length});
        put_terminated(out, "\n");
    }
    release(pieces, count);
    return count > 0;
}

static bool put_headers(struct canonical *out, const struct auth_request *request,
                        struct text signed_headers)
{
    struct text rest = signed_headers;
    for (int count = 0; rest.bytes; count++) {
        if (count == SIGNATURE_SIGNED_HEADERS_MAX || !put_header(out, request, cut(&rest, ';')))
            return false;
    }
    put_terminated(out, "\n");
    put(out, signed_headers);
    put_terminated(out, "\n");
    return true;
}

static void put_digest(struct canonical *out, const unsigned char digest[DIGEST_LENGTH])
{
    char digits[3];
    for (int i = 0; i < DIGEST_LENGTH; i++) {
        snprintf(digits, sizeof(digits), "%02x", digest[i]);
        put_terminated(out, digits);
    }
}

static void hash(struct text text, unsigned char ret_digest[DIGEST_LENGTH])
{
    if (EVP_Digest(text.length ? text.bytes : "", text.length, ret_digest, NULL, EVP_sha256(),
                   NULL) != 1)
        abort();
}

bool canonical_write(const struct auth_request *request, struct text signed_headers,
                     struct canonical *ret_canonical)
{
    struct canonical *out = ret_canonical;
    struct text query = request->target, path = cut(&query, '?');
    unsigned char digest[DIGEST_LENGTH];
    *out = (struct canonical){0};
    put(out, request->method);
    put_terminated(out, "\n");
    if (!put_encoded(out, path, true))
        return false;
    put_terminated(out, path.length > 0 && out->text[out->length - 1] == '/' ? "\n" : "/\n");
    if (!put_query(out, query))
        return false;
    put_terminated(out, "\n");
    if (!put_headers(out, request, signed_headers))
        return false;
    hash(request->body, digest);
    put_digest(out, digest);
    return true;
}

void canonical_digest(const struct canonical *canonical, unsigned char ret_digest[DIGEST_LENGTH])
{
    hash((struct text){canonical->text, canonical->length}, ret_digest);
}

void canonical_sign(const struct canonical *canonical, struct text date, struct text secret,
                    unsigned char ret_signature[DIGEST_LENGTH])
{
    struct canonical text = {0};
    unsigned char digest[DIGEST_LENGTH];
    unsigned length = DIGEST_LENGTH;
    canonical_digest(canonical, digest);
    put_terminated(&text, "SDK-HMAC-SHA256\n");
    put(&text, date);
    put_terminated(&text, "\n");
    put_digest(&text, digest);
    if (!HMAC(EVP_sha256(), secret.bytes, (int)secret.length, (const unsigned char *)text.text,
              text.length, ret_signature, &length))
        abort();
    free(text.text);
}
