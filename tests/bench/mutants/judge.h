/* The server's judgement of a request, from its bytes on, as server/http/exchange.c has it; and,
 * apart from that, what the contract makes of the same bytes. */
#ifndef MUTANTS_JUDGE_H
#define MUTANTS_JUDGE_H

#include "framing.h"
#include "message.h"

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_FRAMING,
    VERDICT_PARSE,
    VERDICT_PROJECT,
    VERDICT_UNKNOWN_KEY,
    VERDICT_SIGNATURE,
    VERDICT_COUNT
};

extern const char *const verdict_names[VERDICT_COUNT];

/* What was understood of the bytes, which it points into. */
struct judged {
    struct framing framing;
    struct auth_request request;
    struct signature signature;
};

enum verdict judge(struct text bytes, const char *project, int64_t now, struct judged *ret_judged);

/* Whether both were framed and claim the very same: key, date, signature, canonical request.  Then
 * one is not another request than the other. */
bool judge_is_same(const struct judged *a, enum verdict of_a, const struct judged *b,
                   enum verdict of_b);

#endif
