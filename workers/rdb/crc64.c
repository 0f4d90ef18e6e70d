/* Slicing by 8 (Kounavis, Berry 2008): eight tables, made at the first use, so that eight bytes
 * take eight look-ups that do not wait for each other.  Libraries have the polynomial of ECMA-182.
 */
#include "crc64.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#define POLYNOMIAL UINT64_C(0x95ac9329ac4bc9b5) /* 0xad93d23594c935a9 with its bits reversed */

static uint64_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = sum;
    }
    for (int slice = 1; slice < 8; slice++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t before = tables[slice - 1][byte];
            tables[slice][byte] = before >> 8 ^ tables[0][before & 255];
        }
    }
}

uint64_t crc64(uint64_t sum, const unsigned char *bytes, size_t length)
{
    pthread_once(&tables_made, make_tables);
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word = 0;
        memcpy(&word, bytes, 8);
        word = le64toh(word) ^ sum;
        sum = tables[7][word & 255] ^ tables[6][word >> 8 & 255] ^ tables[5][word >> 16 & 255] ^
              tables[4][word >> 24 & 255] ^ tables[3][word >> 32 & 255] ^
              tables[2][word >> 40 & 255] ^ tables[1][word >> 48 & 255] ^ tables[0][word >> 56];
    }
    for (; length > 0; bytes++, length--)
        sum = sum >> 8 ^ tables[0][(sum ^ *bytes) & 255];
    return sum;
}
