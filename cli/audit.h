/* Commands that change something are events of the audit log, like requests. */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

#include "command.h"

/* Writes that the command was executed, or failed where err has something, as the operating
 * system's user at this machine.  A log that cannot be written is said on standard error; what was
 * done is done. */
void audit_command(struct cli *cli, const struct command *command, const struct error *err);

/* The session of the audit log's database, which is the caller's where it has none of its own.
 * Never null; released by audit_session_release. */
struct pg_session *audit_session(struct cli *cli);
void audit_session_release(struct cli *cli, struct pg_session *session);

#endif
