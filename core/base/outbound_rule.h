/* One entry of a list of networks with ports. */
#ifndef BASE_OUTBOUND_RULE_H
#define BASE_OUTBOUND_RULE_H

#include "base/address.h"

struct outbound_rule {
    struct network network;
    int first_port, last_port;
};

struct outbound_rules {
    int count;
    struct outbound_rule *items;
};

/* As outbound.h says; `setting` is named in messages. */
int outbound_rules_parse(const char *setting, const char *text, struct outbound_rules *ret_rules,
                         struct error *err);
void outbound_rules_release(struct outbound_rules *rules);

bool outbound_rules_have(const struct outbound_rules *rules, const struct address *address,
                         int port);

/* Whether a rule has it whose network lies within the given one. */
bool outbound_rules_name(const struct outbound_rules *rules, const struct network *within,
                         const struct address *address, int port);

#endif
