/* Answers that h2o makes on its own, turned into ours: JSON, with a request id. */
#ifndef SERVER_HTTP_H2O_ANSWER_H
#define SERVER_HTTP_H2O_ANSWER_H

#include <h2o.h>

#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"

struct connection;

/* Replaces what h2o answers before or without a handler: 413, a broken body, a path that is none.
 */
void h2o_answer_register(h2o_hostconf_t *host);

/* Sends an error past h2o, as the last answer of a connection that h2o is reading from; form and
 * log follow from the target, which may be empty.  done is called once it is sent, or cannot be. */
void h2o_answer_error(struct connection *connection, struct text target, const struct error *err,
                      h2o_socket_cb done);

void request_id_generate(char ret_id[UUID_HEX_LENGTH + 1]);

#endif
