/* Allocators that know how much they give back, as malloc does.
 */
#include "base/cleansing.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "base/secret.h"

void cleansing_free(void *memory)
{
    if (memory)
        secret_cleanse(memory, malloc_usable_size(memory));
    free(memory);
}

void *cleansing_reallocate(void *memory, size_t size)
{
    size_t before = memory ? malloc_usable_size(memory) : 0;
    void *larger = malloc(size);
    if (larger && memory) {
        memcpy(larger, memory, before < size ? before : size);
        cleansing_free(memory);
    }
    return larger;
}

/* OpenSSL's, which names the place that asks. */
static void *allocate(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return malloc(size);
}

static void release(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    cleansing_free(memory);
}

static void *reallocate(void *memory, size_t size, const char *file, int line)
{
    if (size > 0)
        return cleansing_reallocate(memory, size);
    release(memory, file, line);
    return NULL;
}

void cleansing_begin(void)
{
    json_set_alloc_funcs(malloc, cleansing_free);
    if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
        abort();
}
