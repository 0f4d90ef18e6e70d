/* The checksum at the end of an RDB: CRC-64 with the polynomial of Jones ("CRC-64/REDIS":
 * reflected, begins with 0, nothing is turned around at the end).  Any thread. */
#ifndef RDB_CRC64_H
#define RDB_CRC64_H

#include <stddef.h>
#include <stdint.h>

uint64_t crc64(uint64_t sum, const unsigned char *bytes, size_t length);

#endif
