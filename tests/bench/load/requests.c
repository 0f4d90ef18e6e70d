/* Requests out of a file. */
#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_BYTES_MAX = 1 << 20, REQUESTS_MAX = 1 << 24, LENGTH_LINE_MAX = 16 };
static const size_t FILE_BYTES_MAX = (size_t)1 << 31;

static void *resized(void *memory, size_t size)
{
    void *bytes = realloc(memory, size);
    if (!bytes)
        abort();
    return bytes;
}

static int refuse(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return -1;
}

/* The line before a request; 0 at the end of the file, negative where it is none. */
static long read_length(FILE *file)
{
    char line[LENGTH_LINE_MAX], *rest;
    if (!fgets(line, sizeof(line), file))
        return ferror(file) ? -1 : 0;
    long length = strtol(line, &rest, 10);
    return rest != line && *rest == '\n' && length > 0 && length <= REQUEST_BYTES_MAX ? length : -1;
}

/* 1: one was read; 0: the end; negative: neither. */
static int read_one(struct requests *requests, FILE *file, size_t *capacity)
{
    long announced = read_length(file);
    if (announced <= 0)
        return (int)announced;
    size_t length = (size_t)announced, end = requests->starts[requests->count];
    if (requests->count == REQUESTS_MAX || end + length > FILE_BYTES_MAX)
        return -1;
    if (end + length > *capacity) {
        *capacity = 2 * (end + length);
        requests->bytes = resized(requests->bytes, *capacity);
    }
    if (fread(requests->bytes + end, 1, length, file) != length)
        return -1;
    size_t count = ++requests->count;
    if ((count & (count + 1)) == 0)
        requests->starts = resized(requests->starts, 2 * (count + 1) * sizeof(size_t));
    requests->starts[count] = end + length;
    return 1;
}

int requests_load(struct requests *requests, const char *path)
{
    size_t capacity = 0;
    int status;
    FILE *file = fopen(path, "re");
    if (!file)
        return refuse(path, strerror(errno));
    *requests = (struct requests){.starts = resized(NULL, sizeof(size_t))};
    requests->starts[0] = 0;
    while ((status = read_one(requests, file, &capacity)) > 0)
        ;
    fclose(file);
    if (status < 0 || requests->count == 0) {
        requests_release(requests);
        return refuse(path, "not a length, a line end and so many bytes, over and over");
    }
    return 0;
}

void requests_release(struct requests *requests)
{
    free(requests->bytes);
    free(requests->starts);
    *requests = (struct requests){0};
}

size_t requests_take(struct requests *requests, size_t most, size_t *ret_first,
                     const char **ret_bytes, size_t *ret_length)
{
    if (requests->next == requests->count) {
        if (requests->once)
            return 0;
        requests->next = 0;
    }
    size_t first = requests->next, left = requests->count - first;
    size_t count = most < left ? most : left;
    requests->next += count;
    *ret_first = first;
    *ret_bytes = requests->bytes + requests->starts[first];
    *ret_length = requests->starts[first + count] - requests->starts[first];
    return count;
}

bool requests_is_head(const struct requests *requests, size_t number)
{
    const char *bytes = requests->bytes + requests->starts[number];
    return requests->starts[number + 1] - requests->starts[number] > 5 &&
           memcmp(bytes, "HEAD ", 5) == 0;
}
