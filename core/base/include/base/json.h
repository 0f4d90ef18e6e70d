/* Reading JSON from outside: one parser call with all limits, and typed getters that name the
 * member that is wrong in the error's public argument (ERROR_INVALID_PARAMETER).
 *
 * Objects are jansson's; json_body_parse's result is released with json_decref, text that a getter
 * returns belongs to its object. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

enum { JSON_DEPTH_MAX = 32 };

/* Parses an object: UTF-8, no duplicate members, no depth past JSON_DEPTH_MAX, nothing after it.
 * ERROR_EMPTY_BODY for no bytes, ERROR_BODY_NOT_JSON for what is not JSON. */
int json_body_parse(struct text body, json_t **ret_object, struct error *err);

int json_get_boolean(const json_t *object, const char *name, bool *ret_value, struct error *err);
int json_get_integer(const json_t *object, const char *name, int64_t least, int64_t most,
                     int64_t *ret_value, struct error *err);
int json_get_text(const json_t *object, const char *name, size_t longest, struct text *ret_value,
                  struct error *err);
int json_get_array(const json_t *object, const char *name, json_t **ret_value, struct error *err);

static inline void json_cleanup(json_t **object)
{
    json_decref(*object);
}

#endif
