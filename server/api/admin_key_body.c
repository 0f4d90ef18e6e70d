/* Bodies of access keys, read as strictly as they are obeyed. */
#include "admin_key_body.h"

#include <string.h>

#include "api/grant.h"
#include "base/json.h"
#include "model/access_key_store.h"

enum { ROLE_NAME_MAX = 32, ACTION_MAX = 64, MOMENT_MAX = 64 };

int read_key_role(const json_t *object, const char **ret_role, struct error *err)
{
    struct text name;
    enum role role;
    *ret_role = NULL;
    if (!json_object_get(object, "role"))
        return 0;
    if (json_get_text(object, "role", ROLE_NAME_MAX, &name, err) < 0)
        return -1;
    if (role_parse(name, &role) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "role");
    *ret_role = role_name(role);
    return 0;
}

/* Puts the entry in the form that it is kept in. */
typedef int read_entry_fn(struct text entry, struct text *ret_text, struct uuid *room,
                          struct error *err);

static int read_action(struct text entry, struct text *ret_text, struct uuid *room,
                       struct error *err)
{
    (void)room;
    *ret_text = entry;
    if (entry.length > ACTION_MAX || !grant_knows_action(entry))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "policy.actions: %.*s",
                                (int)(entry.length < ACTION_MAX ? entry.length : ACTION_MAX),
                                entry.bytes);
    return 0;
}

static int read_instance(struct text entry, struct text *ret_text, struct uuid *room,
                         struct error *err)
{
    if (uuid_parse(entry, room) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "policy.instances");
    *ret_text = text_of(room->text);
    return 0;
}

/* Joins a list with commas, which no entry has; null where it is left out. */
static int read_list(struct api_request *request, const json_t *policy, const char *name,
                     read_entry_fn *read_entry, const char **ret_list, struct error *err)
{
    json_t *array;
    const json_t *entry;
    size_t index, used = 0;
    *ret_list = NULL;
    if (!json_object_get(policy, name))
        return 0;
    if (json_get_array(policy, name, &array, err) < 0)
        return -1;
    if (json_array_size(array) < 1 || json_array_size(array) > KEY_POLICY_ENTRIES_MAX)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "policy.%s", name);
    char *list = api_request_allocate(request, json_array_size(array) * (ACTION_MAX + 1));
    json_array_foreach(array, index, entry)
    {
        struct text text = {json_string_value(entry), json_string_length(entry)};
        struct uuid room;
        if (!json_is_string(entry))
            return error_set_public(err, ERROR_INVALID_PARAMETER, "policy.%s", name);
        if (read_entry(text, &text, &room, err) < 0)
            return -1;
        if (index > 0)
            list[used++] = ',';
        memcpy(list + used, text.bytes, text.length);
        used += text.length;
    }
    *ret_list = list;
    return 0;
}

int read_key_policy(struct api_request *request, struct key_policy_body *ret_policy,
                    struct error *err)
{
    const json_t *policy = json_object_get(request->object, "policy");
    *ret_policy = (struct key_policy_body){.is_given = policy != NULL};
    if (!policy || json_is_null(policy))
        return 0;
    if (!json_is_object(policy))
        return error_set_public(err, ERROR_INVALID_PARAMETER, "policy");
    if (read_list(request, policy, "actions", read_action, &ret_policy->actions, err) < 0)
        return -1;
    return read_list(request, policy, "instances", read_instance, &ret_policy->instances, err);
}

int read_key_ending(const json_t *object, struct key_ending_body *ret_ending, struct error *err)
{
    bool by_seconds = json_object_get(object, "expires_in") != NULL;
    bool by_moment = json_object_get(object, "expires_at") != NULL;
    struct text text;
    int64_t moment;
    *ret_ending = (struct key_ending_body){.is_given = by_seconds || by_moment};
    if (by_seconds && by_moment)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "expires_in: not with expires_at");
    if (by_seconds)
        return json_get_integer(object, "expires_in", 1, ACCESS_KEY_LIFE_MAX, &ret_ending->seconds,
                                err);
    if (!by_moment)
        return 0;
    if (json_get_text(object, "expires_at", MOMENT_MAX, &text, err) < 0)
        return -1;
    if (clock_parse_iso(text.bytes, (int)text.length, &moment) < 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "expires_at");
    clock_format_iso(moment, ret_ending->moment);
    return 0;
}
