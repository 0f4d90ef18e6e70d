/* What the tests of operations share: a request to an operation, bound to its statement. */
#ifndef UNIT_API_FIXTURE_H
#define UNIT_API_FIXTURE_H

#include <string.h>

#include "api/operation.h"
#include "unit.h"

static const unsigned char fixture_token[32] = {1};

static inline const struct operation *fixture_operation(enum http_method method, const char *ending)
{
    for (size_t i = 0; i < operation_count; i++) {
        size_t length = strlen(operations[i].path), wanted = strlen(ending);
        if (operations[i].method == method && length >= wanted &&
            strcmp(operations[i].path + length - wanted, ending) == 0)
            return &operations[i];
    }
    fail_msg("no operation %s %s", http_method_name(method), ending);
    return NULL;
}

/* Binds a body; the request is released by api_request_release. */
static inline int fixture_bind(struct api_request *request, const struct operation *operation,
                               const char *body, struct pg_parameters *parameters,
                               struct error *err)
{
    request->operation = operation;
    request->body = text_of(body);
    request->signature_token = fixture_token;
    request->fingerprint = fixture_token;
    pg_parameters_init(parameters);
    *err = (struct error){0};
    return operation->bind(request, parameters, err);
}

#endif
