/* What the programs have in common that run one scan or offline analysis for the tests. */
#ifndef SUPPORT_ONCE_H
#define SUPPORT_ONCE_H

#include "base/json_writer.h"
#include "model/analysis_options.h"
#include "redis/connection.h"

/* SIGTERM cancels, which the function, of a request's `stopped`, tells from then on. */
void once_listen(void);
bool once_is_stopped(void *ignored);

/* The options in SCAN_ANALYSIS, an object, or the defaults. */
int once_read_analysis(struct scan_analysis_options *ret_options);

/* Anywhere may be dialled.  User, password, CA (which turns TLS on), certificate and key come from
 * REDIS_USER, REDIS_PASSWORD, REDIS_CA, REDIS_CERTIFICATE and REDIS_KEY.  The outbound rules are
 * the caller's to free. */
void once_read_target(int64_t reply_timeout_ms, struct redis_target *target);

/* `status`, `code`, `reason`, `ms` and `peak_kib`, the most that the program ever had in memory;
 * null: it succeeded. */
void once_write_end(struct json_writer *json, const struct error *failure, int64_t ms);

#endif
