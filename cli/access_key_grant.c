/* Options of access keys, checked as the administration interface checks its bodies. */
#include "access_key_grant.h"

#include <stdlib.h>
#include <string.h>

#include "api/grant.h"
#include "base/scope.h"
#include "lookup.h"
#include "model/access_key_store.h"

static int read_role(const struct arguments *arguments, const char **ret_role, struct error *err)
{
    const char *name = arguments_value(arguments, OPTION_ROLE);
    enum role role;
    *ret_role = NULL;
    if (!name)
        return 0;
    if (role_parse(text_of(name), &role) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--role is 'DCS FullAccess', 'DCS UserAccess', 'DCS ReadOnlyAccess' or "
                         "'operator'");
    *ret_role = role_name(role);
    return 0;
}

/* Takes over nothing; the list is the caller's. */
static char *append(char *list, const char *entry)
{
    size_t used = list ? strlen(list) : 0, length = strlen(entry);
    char *longer = realloc(list, used + 1 + length + 1);
    if (!longer)
        abort();
    if (used > 0)
        longer[used++] = ',';
    memcpy(longer + used, entry, length + 1);
    return longer;
}

static int read_actions(const struct arguments *arguments, struct key_grant *grant,
                        struct error *err)
{
    for (int i = 0; i < arguments->counts[OPTION_ACTION]; i++) {
        const char *action = arguments->values[OPTION_ACTION][i];
        if (!grant_knows_action(text_of(action)))
            return error_set(err, ERROR_INVALID_PARAMETER, "there is no action '%s'", action);
        grant->actions = append(grant->actions, action);
    }
    return 0;
}

static int read_instance(struct cli *cli, const struct uuid *project, const char *word,
                         struct key_grant *grant, struct error *err)
{
    SCOPED(pg_rows_release) struct pg_rows rows = {0};
    struct instance instance;
    if (instance_lookup(cli, project, word, &rows, err) < 0)
        return -1;
    instance_read(&rows, 0, 0, &instance);
    grant->instances = append(grant->instances, instance.id);
    return 0;
}

static int read_instances(struct cli *cli, const char *project, struct key_grant *grant,
                          struct error *err)
{
    int count = cli->arguments->counts[OPTION_INSTANCE];
    struct uuid id;
    if (count == 0)
        return 0;
    if (!project || uuid_parse(text_of(project), &id) < 0)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--instance is for keys of a project, not for an operator's");
    for (int i = 0; i < count; i++) {
        if (read_instance(cli, &id, cli->arguments->values[OPTION_INSTANCE][i], grant, err) < 0)
            return -1;
    }
    return 0;
}

static int read_seconds(const struct arguments *arguments, int64_t *ret_seconds, struct error *err)
{
    const char *seconds = arguments_value(arguments, OPTION_TEMPORARY);
    *ret_seconds = 0;
    if (seconds && (text_parse_integer(text_of(seconds), ret_seconds) < 0 || *ret_seconds < 1 ||
                    *ret_seconds > ACCESS_KEY_LIFE_MAX))
        return error_set(err, ERROR_INVALID_PARAMETER, "--temporary is a number from 1 to %d",
                         ACCESS_KEY_LIFE_MAX);
    return 0;
}

int key_grant_read(struct cli *cli, const char *project, struct key_grant *ret_grant,
                   struct error *err)
{
    const struct arguments *arguments = cli->arguments;
    bool lists =
        arguments_have(arguments, OPTION_ACTION) || arguments_have(arguments, OPTION_INSTANCE);
    *ret_grant = (struct key_grant){.no_policy = arguments_have(arguments, OPTION_NO_POLICY)};
    if (lists && ret_grant->no_policy)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "--no-policy does not go with --action and --instance");
    if (read_role(arguments, &ret_grant->role, err) < 0 ||
        read_actions(arguments, ret_grant, err) < 0 ||
        read_instances(cli, project, ret_grant, err) < 0)
        return -1;
    return read_seconds(arguments, &ret_grant->seconds, err);
}

void key_grant_release(struct key_grant *grant)
{
    free(grant->actions);
    free(grant->instances);
}
