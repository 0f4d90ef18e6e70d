/* What the reader says of the keys of an RDB, a line of JSON each:
 *
 *     dcs_rdb_keys FILE [MEM_ALLOCATOR]        as INFO says it
 *
 * Fails with a message where the reader does. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rdb/reader.h"

static ssize_t read_file(void *argument, void *ret_bytes, size_t most, struct error *err)
{
    ssize_t got = read(*(int *)argument, ret_bytes, most);
    return got < 0 ? error_set(err, ERROR_INTERNAL, "%s", strerror(errno)) : got;
}

static void print_key(const struct rdb_key *key)
{
    char *hex = malloc(2 * key->name.length + 1);
    if (!hex)
        abort();
    text_format_hex((const unsigned char *)key->name.bytes, key->name.length, hex);
    json_t *line = json_pack(
        "{si ss ss ss* sI sI sI sI si sI}", "db", key->db, "key", hex, "type", key->type_name,
        "encoding", key->encoding, "size", (json_int_t)key->size, "bytes", (json_int_t)key->bytes,
        "ttl_fields", (json_int_t)key->ttl_fields, "expires_at_ms", (json_int_t)key->expires_at_ms,
        "freq", key->freq, "idle_s", (json_int_t)key->idle_s);
    if (!line || json_dumpf(line, stdout, JSON_COMPACT) < 0)
        abort();
    putchar('\n');
    json_decref(line);
    free(hex);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: dcs_rdb_keys FILE [MEM_ALLOCATOR]\n");
        return 2;
    }
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        perror(argv[1]);
        return 1;
    }
    struct rdb_source source = {read_file, &file};
    struct rdb_reader *reader = rdb_reader_new(&source);
    rdb_reader_set_allocator(reader, argc > 2 ? argv[2] : "");
    struct error err = {0};
    struct rdb_key key;
    int status = 0;
    while ((status = rdb_reader_next(reader, &key, &err)) > 0)
        print_key(&key);
    rdb_reader_free(reader);
    close(file);
    if (status < 0)
        fprintf(stderr, "%s\n", err.text);
    return status < 0;
}
