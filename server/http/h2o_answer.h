/* Answers that h2o makes on its own, turned into ours: JSON, with a request id. */
#ifndef SERVER_HTTP_H2O_ANSWER_H
#define SERVER_HTTP_H2O_ANSWER_H

#include <h2o.h>

#include "base/uuid.h"

/* Replaces what h2o answers before or without a handler: 413, a broken body, a path that is none.
 */
void h2o_answer_register(h2o_hostconf_t *host);

void request_id_generate(char ret_id[UUID_HEX_LENGTH + 1]);

#endif
