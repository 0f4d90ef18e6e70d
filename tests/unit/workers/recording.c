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

struct text recording_answer(const char *server, const char *command, char ret_bytes[RECORDING_MAX])
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
        break;
    }
    json_decref(file);
    if (length == 0) {
        fprintf(stderr, "%s has no answer to %s\n", path, command);
        abort();
    }
    return (struct text){ret_bytes, length};
}
