/* Names out of documents that PostgreSQL took apart (schema function result_document). */
#ifndef API_RESULT_NAME_H
#define API_RESULT_NAME_H

#include "base/json_writer.h"
#include "base/text.h"

/* Write a name as it was in the document: as a JSON string, and as a guarded field of a table. */
void result_name_write_json(struct json_writer *body, struct text stored);
void result_name_write_csv(struct json_writer *body, struct text stored);

#endif
