/* What a stream of events says next: the newest event, a comment where it was silent for long, its
 * farewell, or nothing yet.
 *
 * One piece is on its way at a time; what comes about meanwhile is not kept: the next piece is the
 * newest event, whatever was before it.  A plain value without a clock of its own; one thread. */
#ifndef SERVER_HTTP_STREAM_MACHINE_H
#define SERVER_HTTP_STREAM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum stream_step {
    STREAM_WAIT,
    STREAM_EVENT,    /* the newest */
    STREAM_COMMENT,  /* so that everybody on the way sees that it lives */
    STREAM_FAREWELL, /* the client shall come again */
    STREAM_CLOSE     /* nothing more */
};

struct stream_machine {
    uint64_t sent;      /* version of the last event that was sent; 0: none */
    int64_t silence_ms; /* set by the owner: the longest */
    int64_t spoke_ms;   /* when something was sent last */
    bool is_sending;    /* a piece is on its way */
    bool is_leaving;    /* set by the owner: the server stops */
    bool is_refused;    /* set by the owner: nothing more may be said */
    bool is_over;       /* the last step was the last one */
};

/* newest: version of the newest event, which is the last one where is_final.  Every step but
 * STREAM_WAIT is taken by the owner, who tells by stream_machine_take once it is done; with is_over
 * the stream ends with it. */
enum stream_step stream_machine_next(struct stream_machine *machine, uint64_t newest, bool is_final,
                                     int64_t now_ms);

/* The piece was taken by the client. */
void stream_machine_take(struct stream_machine *machine);

#endif
