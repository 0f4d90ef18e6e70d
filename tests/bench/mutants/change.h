/* Changes of a signed request, one kind each.  A change may leave the request what it was. */
#ifndef MUTANTS_CHANGE_H
#define MUTANTS_CHANGE_H

#include "message.h"

struct change {
    const char *name;
    /* Changes a part before the request is written, */
    void (*message)(struct message *message);
    /* or its bytes after that; returns the length. */
    size_t (*bytes)(char *bytes, size_t length);
};

extern const struct change changes[];
extern const size_t change_count;

#endif
