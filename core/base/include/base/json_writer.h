/* Writes JSON text front to back into a growing buffer, for answers whose shape is known.
 *
 * Commas and colons are placed by the writer.  Text must be UTF-8: what is not becomes U+FFFD, so
 * that the output is valid JSON whatever comes in.  Out of memory aborts.  One thread at a time. */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    char *text; /* terminated by a NUL that length does not count */
    size_t length;
    size_t capacity;
    bool needs_comma;
    bool is_secret; /* set by the owner: what was written is cleansed when it is given back */

    /* Set by the owner: the text is of no use where it would be longer than so many bytes; 0: any
     * length.  is_overlong says that it would have been: what was written is dropped then, so that
     * no more than about `most` bytes are ever held, and whoever writes may stop. */
    size_t most;
    bool is_overlong;
};

void json_writer_init(struct json_writer *writer);
void json_writer_release(struct json_writer *writer);

/* Hands over the buffer, which the caller frees; the writer is empty and has none. */
char *json_writer_take(struct json_writer *writer, size_t *ret_length);

/* Makes room for so many bytes more, where it is known that they will come. */
void json_writer_reserve(struct json_writer *writer, size_t more);

void json_writer_begin_object(struct json_writer *writer);
void json_writer_end_object(struct json_writer *writer);
void json_writer_begin_array(struct json_writer *writer);
void json_writer_end_array(struct json_writer *writer);

/* The name of the member whose value comes next; names are ours and need no escapes. */
void json_writer_name(struct json_writer *writer, const char *name);
void json_writer_text(struct json_writer *writer, const char *text, size_t length);
void json_writer_number(struct json_writer *writer, int64_t number);
void json_writer_boolean(struct json_writer *writer, bool value);
/* A value that is JSON text already. */
void json_writer_value(struct json_writer *writer, const char *json, size_t length);
/* Bytes as they are, without commas. */
void json_writer_raw(struct json_writer *writer, const char *bytes, size_t length);

void json_writer_member_text(struct json_writer *writer, const char *name, const char *text);
void json_writer_member_number(struct json_writer *writer, const char *name, int64_t number);
void json_writer_member_boolean(struct json_writer *writer, const char *name, bool value);

#endif
