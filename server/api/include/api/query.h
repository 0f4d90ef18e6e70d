/* The query of a request: decoded parameters, and getters that name the one that is wrong. */
#ifndef API_QUERY_H
#define API_QUERY_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { API_QUERY_MAX = 16, API_QUERY_STORAGE = 2048 };

/* Text points into storage, so the object must not be moved once it is parsed. */
struct api_query {
    int count;
    struct {
        struct text name, value; /* both terminated */
    } parameters[API_QUERY_MAX];
    char storage[API_QUERY_STORAGE];
};

/* Decodes text after the '?'.  Refused with ERROR_INVALID_PARAMETER: a parameter twice (it is
 * named), bad percent-encoding, bytes that are not UTF-8, NUL, more or longer parameters than there
 * is room for. */
int api_query_parse(struct text text, struct api_query *ret_query, struct error *err);

/* Null bytes where it was not sent. */
struct text api_query_find(const struct api_query *query, const char *name);

/* fallback where it was not sent. */
int api_query_integer(const struct api_query *query, const char *name, int64_t least, int64_t most,
                      int64_t fallback, int64_t *ret_value, struct error *err);

#endif
