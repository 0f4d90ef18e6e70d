/* What a probe found, and the forms in which it is recorded. */
#ifndef INSTANCE_FINDING_H
#define INSTANCE_FINDING_H

#include "base/json_writer.h"
#include "instance/target.h"
#include "redis/nodes.h"
#include "redis/parameters.h"
#include "redis/probe.h"

enum { FINDING_PARAMETER_COUNT = 16, FINDING_CAPABILITIES_MAX = 256 };

/* The parameters that the API shows (server/api/instance_detail_api.c). */
extern const char *const finding_parameter_names[FINDING_PARAMETER_COUNT];

struct finding {
    struct redis_probe server;
    struct redis_nodes nodes;
    struct redis_parameters parameters;
    bool hotkeys_command; /* it has HOTKEYS, and the instance opted in; not in clusters */
    bool scans;           /* what is no proxy; a proxy that takes SCAN */
};

/* Asks over a connection that was opened at the target's endpoint. */
int finding_ask(struct finding *finding, struct redis_connection *connection,
                const struct instance_target *target, struct error *err);
void finding_release(struct finding *finding);

/* What was found must fit how the instance was registered, or a scan would quietly see a part of
 * the keys only. */
int finding_check_mode(const struct finding *finding, const struct instance_target *target,
                       struct error *err);

/* Names of the kinds that can run there, separated by commas. */
void finding_capabilities(const struct finding *finding, const struct instance_target *target,
                          char ret_names[FINDING_CAPABILITIES_MAX]);

const char *finding_role(const struct finding *finding);
const char *finding_mode(const struct finding *finding);

/* An array of {id, host, port, role, shard}, each with a new id. */
void finding_write_nodes(const struct finding *finding, struct json_writer *json);

/* An object of strings.  Where CONFIG is refused it has what INFO tells; false where that is
 * nothing. */
bool finding_write_parameters(const struct finding *finding, struct json_writer *json);

#endif
