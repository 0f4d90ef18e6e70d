/* Scope-bound cleanup for objects of other libraries: the one macro of the house style.
 *
 *     SCOPED(scope_free) char *copy = text_copy(name);
 *
 * The cleanup function takes the variable's address and must accept a null value. */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <stdlib.h>
#include <unistd.h>

#define SCOPED(function) __attribute__((cleanup(function)))

static inline void scope_free(void *place)
{
    free(*(void **)place);
}

static inline void scope_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

#endif
