/* An event of the audit log, and the form in which it is handed to the database. */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include "base/json_writer.h"
#include "base/text.h"
#include "base/uuid.h"

/* As the schema bounds them, in bytes; what is longer is cut at a character. */
enum { AUDIT_IDENTITY_MAX = 128, AUDIT_SUBJECT_MAX = 128 };

/* A plain value that points to what belongs to others.  Empty text is not known. */
struct audit_event {
    int64_t at_ms; /* since 1970 */
    struct uuid request_id;
    const char *project;
    struct text identity;
    bool proved; /* else identity is only what was claimed */
    const char *source;
    const char *action;
    const char *instance;
    struct text subject;
    int status;       /* as HTTP has it */
    const char *code; /* of the error */
    int64_t times;
};

/* `allowed` below 400, `refused` for 401, 403 and 429, `failed` from 500 on, else `rejected`. */
const char *audit_decision(int status);

/* Writes it as an object of the array that audit_insert takes. */
void audit_event_write(struct json_writer *writer, const struct audit_event *event);

/* The same to the log. */
void audit_event_log(const struct audit_event *event);

#endif
