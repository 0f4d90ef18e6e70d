/* What the options of a command give an access key: a role, a policy, an end. */
#ifndef CLI_ACCESS_KEY_GRANT_H
#define CLI_ACCESS_KEY_GRANT_H

#include "command.h"

/* Released by key_grant_release. */
struct key_grant {
    const char *role; /* null: none is given */
    bool no_policy;   /* both lists are taken away */
    char *actions;    /* separated by commas; null: none are given */
    char *instances;  /* the same, as ids */
    int64_t seconds;  /* of a temporary key; 0: a permanent one */
};

/* Reads --role, --action, --instance, --no-policy and --temporary.  Instances by name are looked up
 * in the project; project is null for an operator's key. */
int key_grant_read(struct cli *cli, const char *project, struct key_grant *ret_grant,
                   struct error *err);
void key_grant_release(struct key_grant *grant);

#endif
