/* A key's name, any bytes: as much of it as is kept, and as the API shows it. */
#ifndef INSIGHT_KEY_NAME_H
#define INSIGHT_KEY_NAME_H

#include "base/json_writer.h"
#include "base/text.h"

/* Bytes of a name that are kept and shown, at most; where so many names are kept that this would be
 * too much, fewer, and never fewer than RANKED_NAME_LEAST.  Longer names are told apart by their
 * length and a hash of all their bytes, and are ranked by these where their beginnings are equal.
 */
enum { RANKED_NAME_MAX = 4096, RANKED_NAME_LEAST = 256 };

struct kept_name {
    const char *bytes; /* the first `kept`, whole UTF-8 characters where they are any */
    size_t kept;
    size_t length; /* of all of it */
    uint64_t hash; /* of a name that is not kept whole; else 0 */
};

/* A view of the name, whose bytes stay the caller's. */
struct kept_name kept_name_of(struct text name);

/* The same of a name of which at most so many bytes are kept (RANKED_NAME_LEAST to RANKED_NAME_MAX)
 * and of which only the beginning may be at hand: the hash is of that alone then.  `length` is that
 * of the whole name, and not less than the beginning's. */
struct kept_name kept_name_of_part(struct text beginning, size_t length, size_t most);

/* As much of a beginning as is no part of a character that it breaks off in. */
struct text key_name_whole_characters(struct text beginning);

/* Of all bytes of a name and its length: the same however much of it is kept. */
uint64_t kept_name_digest(const struct kept_name *name);

/* Negative, zero or positive: by bytes, then by the lengths, then by the hashes. */
int kept_name_compare(const struct kept_name *a, const struct kept_name *b);

/* Writes a JSON string: valid UTF-8 as it is; otherwise each byte that is not part of a valid
 * character as `\xHH` (lower-case digits) and each backslash as `\\`, so that the bytes can be had
 * back.  A name that is not kept whole ends in U+2026, `…`.  utf8 says whether all of it is. */
void key_name_write(struct json_writer *writer, const struct kept_name *name, bool utf8);

#endif
