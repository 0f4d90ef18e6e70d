/* Whole scans of a server that answers by a list. */
#ifndef TESTS_SCAN_RULES_H
#define TESTS_SCAN_RULES_H

#include "fake_server.h"
#include "scan/scan.h"

/* Words with spaces between them, and what is answered; an answer of NULL is silence.  The first
 * rule that matches is taken; one that is used once is gone then. */
struct rule {
    const char *command, *answer;
    bool once, used;
};

#define INFO_RULE(info)                                                                            \
    {                                                                                              \
        "INFO", info, false, false                                                                 \
    }

struct run {
    const struct rule *rules; /* ended by one without a command */
    enum scan_kind_id kind;
    bool hotkeys_command;
    int64_t timeout_ms;    /* 0: 10 s */
    int64_t stop_after_ms; /* 0: never */
    int64_t started;
    struct scan_outcome outcome;
    struct error err;
    int status;
};

void run_scan(struct run *run);
/* The same with a server of the test's own. */
void run_scan_of(struct run *run, void (*serve)(int socket, void *argument), void *argument);

/* Writes an answer as it is, or the text of INFO as the bulk string it is. */
size_t put_answer(const char *answer, char *ret_bytes, size_t size);

#endif
