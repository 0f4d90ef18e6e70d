/* The recordings are latin-1 text as JSON: every code point is a byte. */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static size_t put_latin1(const char *utf8, char *ret_bytes)
{
    size_t length = 0;
    for (; *utf8; utf8++) {
        unsigned char byte = (unsigned char)*utf8;
        if (byte >= 0xc0)
            ret_bytes[length++] = (char)((byte & 3) << 6 | (*++utf8 & 0x3f));
        else
            ret_bytes[length++] = (char)byte;
    }
    ret_bytes[length] = '\0';
    return length;
}

const char *const recording_servers[] = {
    "redis-3.0", "redis-4.0", "redis-5.0",  "redis-6.2",  "redis-7.0",  "redis-7.2",
    "redis-7.4", "redis-8.0", "valkey-8.0", "valkey-8.1", "valkey-9.1",
};
const size_t recording_server_count = sizeof(recording_servers) / sizeof(recording_servers[0]);

static struct text find_answer(const char *server, const char *command, bool last,
                               char ret_bytes[RECORDING_MAX])
{
    char path[512];
    snprintf(path, sizeof(path), FIXTURES "/servers/%s.json", server);
    json_t *file = json_load_file(path, 0, NULL), *answer;
    size_t i, length = 0;
    json_array_foreach(json_object_get(file, "answers"), i, answer)
    {
        const char *text = json_string_value(json_array_get(answer, 1));
        if (strcmp(json_string_value(json_array_get(answer, 0)), command) != 0)
            continue;
        if (strlen(text) >= RECORDING_MAX)
            abort();
        length = put_latin1(text, ret_bytes);
        if (!last)
            break;
    }
    json_decref(file);
    if (length == 0) {
        fprintf(stderr, "%s has no answer to %s\n", path, command);
        abort();
    }
    return (struct text){ret_bytes, length};
}

struct text recording_answer(const char *server, const char *command, char ret_bytes[RECORDING_MAX])
{
    return find_answer(server, command, false, ret_bytes);
}

struct text recording_last_answer(const char *server, const char *command,
                                  char ret_bytes[RECORDING_MAX])
{
    return find_answer(server, command, true, ret_bytes);
}

struct text recording_info(const char *server, char ret_info[RECORDING_INFO_MAX])
{
    static const char *const sections[] = {"INFO server",   "INFO memory",      "INFO stats",
                                           "INFO keyspace", "INFO replication", "INFO cluster",
                                           "INFO keysizes"};
    static char answer[RECORDING_MAX];
    struct text info = {ret_info, 0};
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        const char *body = strstr(recording_answer(server, sections[i], answer).bytes, "\r\n") + 2;
        if (info.length + strlen(body) >= RECORDING_INFO_MAX)
            abort();
        memcpy(ret_info + info.length, body, strlen(body));
        info.length += strlen(body);
    }
    ret_info[info.length] = '\0';
    return info;
}
