#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include "canonical.h"

enum { WINDOW_SECONDS = 900 };

const char *const verdict_names[VERDICT_COUNT] = {"accepted",       "framing",     "parsing",
                                                  "project header", "unknown key", "signature"};

/* The request line and the body; the head has been framed. */
static void read_rest(struct text bytes, struct judged *judged)
{
    const char *end = memmem(bytes.bytes, bytes.length, "\r\n\r\n", 4);
    size_t start = memcmp(bytes.bytes, "\r\n", 2) == 0 ? 2 : 0;
    const char *line = bytes.bytes + start;
    const char *first = memchr(line, ' ', bytes.length - start);
    const char *line_end = memchr(line, '\r', bytes.length - start);
    const char *last = memrchr(line, ' ', (size_t)(line_end - line));
    judged->request = (struct auth_request){
        .method = {line, (size_t)(first - line)},
        .target = {first + 1, (size_t)(last - first - 1)},
        .body = {end + 4, (size_t)(bytes.bytes + bytes.length - end - 4)},
        .headers = judged->framing.headers,
        .header_count = judged->framing.header_count,
    };
}

static const struct message_key *find_key(struct text id)
{
    for (int i = 0; i < MESSAGE_KEYS; i++) {
        if (text_equals(id, text_of(message_keys[i].id)))
            return &message_keys[i];
    }
    return NULL;
}

enum verdict judge(struct text bytes, const char *project, int64_t now, struct judged *ret_judged)
{
    struct error err = {0};
    const struct auth_request *request = &ret_judged->request;
    struct signature *signature = &ret_judged->signature;
    if (framing_check(bytes, &ret_judged->framing, &err) < 0)
        return VERDICT_FRAMING;
    read_rest(bytes, ret_judged);
    if (signature_parse(request, now, WINDOW_SECONDS, signature, &err) < 0)
        return VERDICT_PARSE;
    const struct message_key *key = find_key(signature->access_key);
    struct text secret =
        key ? text_of(key->secret) : TEXT("0000000000000000000000000000000000000000");
    if (signature_verify(request, signature, secret, &err) < 0)
        return key ? VERDICT_SIGNATURE : VERDICT_UNKNOWN_KEY;
    if (!key)
        return VERDICT_UNKNOWN_KEY;
    const struct auth_header *claimed = auth_request_find_header(request, "x-project-id");
    if (claimed && !text_equals(claimed->value, text_of(project)))
        return VERDICT_PROJECT;
    return VERDICT_ACCEPTED;
}

bool judge_is_same(const struct judged *a, enum verdict of_a, const struct judged *b,
                   enum verdict of_b)
{
    struct canonical first, second;
    if (of_a == VERDICT_FRAMING || of_b == VERDICT_FRAMING || of_a == VERDICT_PARSE ||
        of_b == VERDICT_PARSE)
        return false;
    bool same = canonical_write(&a->request, a->signature.signed_headers, &first);
    same = canonical_write(&b->request, b->signature.signed_headers, &second) && same;
    same = same && first.length == second.length &&
           memcmp(first.text, second.text, first.length) == 0 &&
           text_equals(a->signature.access_key, b->signature.access_key) &&
           text_equals(a->signature.date, b->signature.date) &&
           memcmp(a->signature.digest, b->signature.digest, sizeof(a->signature.digest)) == 0;
    free(first.text);
    free(second.text);
    return same;
}
