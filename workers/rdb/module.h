/* What modules write: parts that say of what form they are. */
#ifndef RDB_MODULE_H
#define RDB_MODULE_H

#include "input.h"

/* Passes over parts to the mark of their end; -1 with the input's error. */
int module_skip(struct input *input);

#endif
