/* A request on its way in: read, and refused where it must be, before h2o sees it.
 *
 * h2o asks for input through h2o_socket_read_start, which is defined here: the dynamic linker
 * prefers it to the library's own, which the library itself calls through its procedure linkage
 * table (a test shows that).  Loop's thread only. */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

/* Finds the library's function; before any loop runs. */
void request_init(void);

#endif
