/* `network[:port[-port]]`: what is behind the network is found first, as IPv6 has colons too. */
#include "outbound_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/outbound.h"
#include "base/special_address.h"

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5, SHOWN_MAX = 80 };

static int parse_port(struct text text, int *ret_port)
{
    int64_t number;
    if (text.length == 0 || text.length > PORT_DIGITS_MAX || text.bytes[0] < '1' ||
        text.bytes[0] > '9' || text_parse_integer(text, &number) < 0 || number > PORT_MAX)
        return -1;
    *ret_port = (int)number;
    return 0;
}

static int parse_ports(struct text text, struct outbound_rule *rule)
{
    const char *dash = text.length > 0 ? memchr(text.bytes, '-', text.length) : NULL;
    struct text first = {text.bytes, dash ? (size_t)(dash - text.bytes) : text.length};
    struct text last = dash ? (struct text){dash + 1, text.length - first.length - 1} : first;
    if (parse_port(first, &rule->first_port) < 0 || parse_port(last, &rule->last_port) < 0 ||
        rule->first_port > rule->last_port)
        return -1;
    return 0;
}

/* Where the ports' colon is: behind the prefix length, behind a bracket, or the only one. */
static const char *find_colon(struct text text)
{
    const char *end = text.bytes + text.length;
    const char *from = memchr(text.bytes, '/', text.length);
    if (!from && text.bytes[0] == '[')
        from = memchr(text.bytes, ']', text.length);
    const char *colon =
        memchr(from ? from : text.bytes, ':', (size_t)(end - (from ? from : text.bytes)));
    if (!from && colon && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        return NULL;
    return colon;
}

static int parse_rule(struct text text, struct outbound_rule *ret_rule)
{
    struct outbound_rule rule = {.first_port = 1, .last_port = PORT_MAX};
    if (text.length == 0)
        return -1;
    const char *colon = find_colon(text);
    struct text network = {text.bytes, colon ? (size_t)(colon - text.bytes) : text.length};
    if (colon && parse_ports((struct text){colon + 1, text.length - network.length - 1}, &rule) < 0)
        return -1;
    if (network.length > 2 && network.bytes[0] == '[' && network.bytes[network.length - 1] == ']') {
        network = (struct text){network.bytes + 1, network.length - 2};
        if (!memchr(network.bytes, ':', network.length))
            return -1;
    }
    if (network_parse(network, &rule.network) < 0)
        return -1;
    *ret_rule = rule;
    return 0;
}

static int fill(struct outbound_rules *rules, const char *setting, const char *text,
                struct error *err)
{
    for (const char *rest = text; rest;) {
        size_t length = strcspn(rest, ",");
        struct text entry = text_trim((struct text){rest, length});
        if (parse_rule(entry, &rules->items[rules->count]) < 0)
            return error_set(
                err, ERROR_CONFIG, "%s: '%.*s' is no network with ports, such as 10.0.0.0/8:6379",
                setting, (int)(entry.length > SHOWN_MAX ? SHOWN_MAX : entry.length), entry.bytes);
        rules->count++;
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return 0;
}

int outbound_rules_parse(const char *setting, const char *text, struct outbound_rules *ret_rules,
                         struct error *err)
{
    int count = 1;
    *ret_rules = (struct outbound_rules){0};
    if (!text || text_trim(text_of(text)).length == 0)
        return 0;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    if (count > OUTBOUND_RULES_MAX)
        return error_set(err, ERROR_CONFIG, "%s: more than %d networks", setting,
                         OUTBOUND_RULES_MAX);
    ret_rules->items = calloc((size_t)count, sizeof(*ret_rules->items));
    if (!ret_rules->items)
        abort();
    if (fill(ret_rules, setting, text, err) == 0)
        return 0;
    outbound_rules_release(ret_rules);
    return -1;
}

void outbound_rules_release(struct outbound_rules *rules)
{
    free(rules->items);
    *rules = (struct outbound_rules){0};
}

static bool has(const struct outbound_rule *rule, const struct address *address, int port)
{
    return port >= rule->first_port && port <= rule->last_port &&
           network_contains(&rule->network, address);
}

bool outbound_rules_have(const struct outbound_rules *rules, const struct address *address,
                         int port)
{
    for (int i = 0; i < rules->count; i++) {
        if (has(&rules->items[i], address, port))
            return true;
    }
    return false;
}

bool outbound_rules_name(const struct outbound_rules *rules, const struct network *within,
                         const struct address *address, int port)
{
    for (int i = 0; i < rules->count; i++) {
        if (network_is_within(&rules->items[i].network, within) &&
            has(&rules->items[i], address, port))
            return true;
    }
    return false;
}
