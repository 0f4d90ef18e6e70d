/* Sources: object.c of the releases (createStringObject, tryObjectEncoding, strEncoding; kvobjSet
 * of Redis 8.2; createStringObjectWithKeyAndExpire of Valkey 8.1, shouldEmbedStringObject of 9.1).
 */
#include "encoding.h"

#include "base/text.h"

enum { VERSION_MAX = 999999 };

/* "7.2.6", and "255.255.255" of builds between releases. */
static int parse_version(const char *text)
{
    int parts[3] = {0}, part = 0;
    for (; *text && part < 3; text++) {
        if (*text == '.')
            part++;
        else if (*text < '0' || *text > '9')
            break;
        else if (parts[part] < 1000)
            parts[part] = parts[part] * 10 + (*text - '0');
    }
    if (parts[0] >= 99 || parts[1] > 99 || parts[2] > 99)
        return VERSION_MAX;
    return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

static int newest_version(int rdb_version)
{
    static const int newest[] = {[7] = 30299,  [8] = 40099,  [9] = 60299,  [10] = 70099,
                                 [11] = 70299, [12] = 80299, [13] = 80699, [14] = 80899};
    if (rdb_version < 7)
        return 30099;
    if (rdb_version <= 14)
        return newest[rdb_version];
    return rdb_version <= 80 ? 90199 : 90299;
}

void server_init(struct server *server, const struct rdb_facts *facts)
{
    *server = (struct server){.told = facts->server_version[0] != '\0',
                              .rdb_version = facts->rdb_version,
                              .valkey_magic = facts->valkey_magic};
    server->footprint.valkey = facts->valkey;
    server->footprint.bits = facts->bits == 32 ? 32 : 64;
    server->footprint.version =
        server->told ? parse_version(facts->server_version) : newest_version(facts->rdb_version);
}

enum embedding { EMBEDDED, SEPARATE, EITHER };

/* Redis 8.2 and Valkey 8.1 take a name's header for a short one, whatever it is. */
enum { NAME_OVERHEAD = 3 };

/* A name in the allocation of its value: an sds of the shortest header, and a byte that tells how
 * long that is. */
static size_t name_bytes(size_t length)
{
    return length + (length < 32 ? 1 : 3) + 2;
}

/* Whether object, expiry, name and value find room in so many bytes. */
static bool fits(size_t object, size_t name, bool has_expiry, uint64_t length, size_t most)
{
    size_t taken = object + name + (has_expiry ? 8 : 0) + 4;
    return taken <= most && length <= most - taken;
}

static enum embedding embedding_of_valkey(int version, size_t name, bool has_expiry,
                                          uint64_t length)
{
    if (version >= 90100)
        return fits(8, name_bytes(name), has_expiry, length, 128) ? EMBEDDED : SEPARATE;
    if (version < 90000)
        return fits(16, name + NAME_OVERHEAD, has_expiry, length, 64) ? EMBEDDED : SEPARATE;
    name = name_bytes(name);
    if (fits(16, name, has_expiry, length, 64))
        return EMBEDDED;
    /* Whether 9.0 reuses the pointer's bytes depends on its patch. */
    return fits(8, name, has_expiry, length, 64) ? EITHER : SEPARATE;
}

/* Longer names leave room for no value. */
enum { NAME_EMBEDDED_MAX = 255 };

static enum embedding embedding_of(const struct server *server, size_t name_length, bool has_expiry,
                                   uint64_t length)
{
    int version = server->footprint.version;
    size_t name = name_length < NAME_EMBEDDED_MAX ? name_length : NAME_EMBEDDED_MAX;
    if (server->footprint.valkey && version >= 80100)
        return embedding_of_valkey(version, name, has_expiry, length);
    if (!server->footprint.valkey && version >= 80200)
        return fits(16, name + NAME_OVERHEAD, has_expiry, length, 64) ? EMBEDDED : SEPARATE;
    if (length > (version >= 30200 ? 44 : 39) || version < 30000)
        return SEPARATE;
    /* 2.8 embeds nothing, and writes the same format as 3.0. */
    return server->told || server->rdb_version > 6 ? EMBEDDED : EITHER;
}

const char *encoding_of_string(const struct server *server, size_t name_length, bool has_expiry,
                               uint64_t length, bool is_integer, int64_t integer,
                               enum footprint_text_form *ret_form)
{
    static const char *const names[] = {[EMBEDDED] = "embstr", [SEPARATE] = "raw", [EITHER] = NULL};
    bool fits_long = server->footprint.bits == 64 || (integer >= INT32_MIN && integer <= INT32_MAX);
    *ret_form = FOOTPRINT_INTEGER;
    if (is_integer && fits_long)
        return "int";
    enum embedding embedding = embedding_of(server, name_length, has_expiry, length);
    *ret_form = embedding == SEPARATE ? FOOTPRINT_APART : FOOTPRINT_EMBEDDED;
    return names[embedding];
}

const char *encoding_of_stream(const struct server *server)
{
    if (server->footprint.version < 60000)
        return "unknown";
    return server->footprint.version >= 60200 ? "stream" : NULL;
}

const char *encoding_of_list(const struct server *server, uint64_t nodes, bool plain)
{
    return nodes == 1 && !plain && server->rdb_version >= 11 ? "listpack" : "quicklist";
}
