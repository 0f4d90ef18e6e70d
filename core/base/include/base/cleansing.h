/* Libraries that overwrite what they give back. */
#ifndef BASE_CLEANSING_H
#define BASE_CLEANSING_H

#include <stddef.h>

/* From now on jansson and OpenSSL overwrite all memory that they free: bodies of requests have
 * passwords, and OpenSSL leaves private keys in the buffers that it decodes them in.  Called by
 * main, before anything else is: what was allocated before must not be freed after. */
void cleansing_begin(void);

/* The same for libraries that are told at their own start.  size is above 0. */
void cleansing_free(void *memory);
void *cleansing_reallocate(void *memory, size_t size);

#endif
