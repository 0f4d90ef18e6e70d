/* Eight bytes at a time, folded by a multiplication of 64 bits into 128. */
#include "name_hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

__extension__ typedef unsigned __int128 wide;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t secret[3];

static void make_secret(void)
{
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        abort();
    secret[1] |= 1;
}

uint64_t name_hash_begin(void)
{
    pthread_once(&once, make_secret);
    return secret[0];
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t name_hash_add(uint64_t hash, const char *bytes, size_t length)
{
    uint64_t chunk, tail = length;
    for (; length >= sizeof(chunk); bytes += sizeof(chunk), length -= sizeof(chunk)) {
        memcpy(&chunk, bytes, sizeof(chunk));
        hash = fold(hash ^ chunk, secret[1]) + secret[2];
    }
    tail <<= 56;
    for (size_t i = 0; i < length; i++)
        tail ^= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return fold(hash ^ tail, secret[1]) + secret[2];
}
