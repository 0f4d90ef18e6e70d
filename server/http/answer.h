/* What an exchange is answered: a reply, an error, a document.  Each ends the exchange's use of its
 * request, and is logged. */
#ifndef SERVER_HTTP_ANSWER_H
#define SERVER_HTTP_ANSWER_H

#include "document.h"
#include "exchange_state.h"

/* Takes the body of the reply over. */
void answer_reply(struct exchange *exchange, struct api_reply *reply);
void answer_error(struct exchange *exchange, const struct error *err);
/* Begins an answer without an end of its own, whose pieces the generator sends: a stream of events.
 * Null: only its head is wanted, and it ends here. */
void answer_stream(struct exchange *exchange, h2o_generator_t *generator);
/* Served to everybody as it is. */
void answer_document(struct exchange *exchange, const struct document *document);

#endif
