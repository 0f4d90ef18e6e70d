/* What stands in front of h2o's parser: every byte of a request goes through here first, and h2o is
 * given a head only once it is complete and has been found unambiguous.
 *
 * Pure; any thread. */
#ifndef SERVER_HTTP_GATE_H
#define SERVER_HTTP_GATE_H

#include "chunks.h"
#include "framing.h"

enum gate_state {
    GATE_HEAD, /* not to be given to h2o yet */
    GATE_BODY, /* the head is good */
    GATE_OPEN, /* the request is complete; what follows is another one's */
};

/* Of one request; begins as zeros. */
struct gate {
    enum gate_state state;
    size_t scanned;        /* of the head */
    size_t line;           /* where the line being scanned begins */
    bool has_request_line; /* it has been scanned */
    bool is_chunked;
    size_t length; /* of the whole request, where it is not chunked */
    struct chunks chunks;
};

/* input is what has arrived, from the request's first byte on, its last `fresh` bytes not seen
 * before.  h2o takes the framing out of a chunked body in place: then only the fresh ones are
 * looked at.  The state that follows is in gate.  Where that is no longer GATE_HEAD for the first
 * time, ret_framing is the head's.  Fails as framing_check and chunks_read do, as early as can be
 * told; on a failure ret_framing has the request's target, as far as it is there. */
int gate_read(struct gate *gate, struct text input, size_t fresh, struct framing *ret_framing,
              struct error *err);

#endif
