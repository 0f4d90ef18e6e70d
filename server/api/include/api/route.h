/* From a request target to an operation: exact segments, percent-decoded one by one. */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/operation.h"

enum { ROUTE_SEGMENT_MAX = 128, ROUTE_ALLOW_MAX = 64 };

/* The ids as they stand in the path, decoded but not checked. */
struct route_match {
    const struct operation *operation;
    char project[ROUTE_SEGMENT_MAX + 1];
    char instance[ROUTE_SEGMENT_MAX + 1];
    char task[ROUTE_SEGMENT_MAX + 1];
    char webhook[ROUTE_SEGMENT_MAX + 1];
    char access_key[ROUTE_SEGMENT_MAX + 1];
    char allow[ROUTE_ALLOW_MAX]; /* methods of the path, for ERROR_METHOD_NOT_ALLOWED */
};

/* path is the target up to '?'.  One '/' at its end is ignored.  Fails with ERROR_UNKNOWN_PATH or
 * ERROR_METHOD_NOT_ALLOWED. */
int route_find(struct text method, struct text path, struct route_match *ret_match,
               struct error *err);

/* Whether errors on that path are problem details: of all but the DCS v2 API. */
bool route_has_problems(struct text path);

/* Checks the ids and puts them into the request, project first. */

int route_read_project(const struct route_match *match, struct uuid *ret_project,
                       struct error *err);
int route_read_ids(const struct route_match *match, struct api_request *request, struct error *err);

#endif
