/* Scans with a method of its own that notes which of the keys `key:0` to `key:N-1` it has seen, for
 * tests of what a success is worth: `dcs_scan_names ENDPOINTS N [NAME=VALUE ...]` prints one line
 * of JSON.  Names: layout (cluster, replicated, one), kind, batch, timeout_ms, nodes, profile, map,
 * master, password.
 *
 * The library's own table of methods is not linked, as this file defines it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "method.h"
#include "redis/slots.h"
#include "scan/scan.h"

enum { MISSING_SHOWN_MAX = 5 };

static size_t key_count;
static bool *missing; /* of a scan that succeeded */

static void *names_new(const struct scan_server *server)
{
    (void)server;
    bool *seen = calloc(key_count + 1, sizeof(*seen));
    if (!seen)
        abort();
    return seen;
}

static int names_ask(void *state, struct scan_batch *batch, struct error *err)
{
    static const struct scan_command type = {"TYPE", {SCAN_WORD("TYPE")}, 1};
    (void)state;
    for (size_t i = 0; batch->stage == 0 && i < batch->count; i++) {
        if (scan_batch_ask(batch, &batch->keys[i], &type, err) < 0)
            return -1;
    }
    return 0;
}

static int names_answer(void *state, struct scan_batch *batch, struct scan_key *key,
                        const struct scan_command *command, const struct redis_reply *reply,
                        struct error *err)
{
    bool *seen = state;
    int64_t number;
    (void)batch;
    if (redis_reply_is_redirect(reply))
        return 0;
    if (reply->kind != REDIS_STATUS)
        return redis_reply_unexpected(reply, command->name, err);
    if (key->name.length > 4 && memcmp(key->name.bytes, "key:", 4) == 0 &&
        text_parse_integer((struct text){key->name.bytes + 4, key->name.length - 4}, &number) ==
            0 &&
        number >= 0 && number < (int64_t)key_count)
        seen[number] = true;
    return 0;
}

static void names_merge(void *state, const void *other)
{
    bool *seen = state;
    const bool *more = other;
    for (size_t i = 0; i < key_count; i++)
        seen[i] |= more[i];
}

static void names_finish(void *state, const struct shard_map *map, struct scan_outcome *outcome)
{
    const bool *seen = state;
    (void)map;
    outcome->num = 0;
    for (size_t i = 0; i < key_count; i++) {
        missing[i] = !seen[i];
        outcome->num += seen[i];
    }
}

static const struct scan_method names = {
    .new = names_new,
    .free = free,
    .ask = names_ask,
    .answer = names_answer,
    .merge = names_merge,
    .finish = names_finish,
};

const struct scan_method *const *scan_methods_of(enum scan_kind_id id)
{
    static const struct scan_method *const methods[] = {&names, NULL};
    (void)id;
    return methods;
}

static void show(const struct scan_outcome *outcome, const struct error *err)
{
    struct json_writer writer;
    int shown = 0;
    json_writer_init(&writer);
    json_writer_begin_object(&writer);
    json_writer_member_text(&writer, "status", err->code == ERROR_NONE ? "success" : "failed");
    json_writer_member_text(&writer, "reason", err->text);
    json_writer_member_text(&writer, "code", error_describe(err->code)->symbol);
    json_writer_member_number(&writer, "seen", outcome->num);
    json_writer_member_number(&writer, "keys_seen", outcome->keys_seen);
    json_writer_member_number(&writer, "ms", outcome->duration_ms);
    json_writer_name(&writer, "missing");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < key_count && shown < MISSING_SHOWN_MAX; i++) {
        if (missing[i])
            json_writer_number(&writer, (int64_t)i);
        shown += missing[i];
    }
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    puts(writer.text);
    json_writer_release(&writer);
}

static const char *value_of(char **options, const char *name, const char *otherwise)
{
    size_t length = strlen(name);
    for (; *options; options++) {
        if (strncmp(*options, name, length) == 0 && (*options)[length] == '=')
            return *options + length + 1;
    }
    return otherwise;
}

static int64_t number_of(char **options, const char *name, const char *otherwise)
{
    return strtoll(value_of(options, name, otherwise), NULL, 10);
}

static enum scan_layout layout_of(const char *name)
{
    if (strcmp(name, "cluster") == 0)
        return SCAN_CLUSTER;
    return strcmp(name, "replicated") == 0 ? SCAN_REPLICATED : SCAN_ONE_SERVER;
}

int main(int argc, char **argv)
{
    struct scan_outcome outcome = {0};
    struct error err = {0};
    char **options = argv + 3;
    if (argc < 3) {
        fputs("usage: dcs_scan_names ENDPOINTS KEYS [NAME=VALUE ...]\n", stderr);
        return 2;
    }
    key_count = (size_t)strtoull(argv[2], NULL, 10);
    missing = names_new(NULL);
    struct scan_request request = {
        .kind = scan_kind_find(value_of(options, "kind", "bigkey")),
        .target = {.outbound = outbound_new_anywhere(),
                   .password = value_of(options, "password", NULL),
                   .connect_timeout_ms = 2000,
                   .reply_timeout_ms = 5000},
        .layout = layout_of(value_of(options, "layout", "cluster")),
        .endpoints = argv[1],
        .address_map = value_of(options, "map", NULL),
        .sentinel_master = value_of(options, "master", NULL),
        .nodes_at_once = (int)number_of(options, "nodes", "4"),
        .batch_keys = (int)number_of(options, "batch", "100"),
        .timeout_ms = number_of(options, "timeout_ms", "60000"),
    };
    struct text first = {argv[1], strcspn(argv[1], ",")};
    if (!request.kind || endpoint_parse(first, &request.target.endpoint) < 0 ||
        scan_profile_parse(value_of(options, "profile", "fast"), &request.profile) < 0) {
        fputs("dcs_scan_names: a kind, an endpoint or a profile that is none\n", stderr);
        return 2;
    }
    scan_run(&request, &outcome, &err);
    show(&outcome, &err);
    scan_outcome_release(&outcome);
    outbound_free(request.target.outbound);
    free(missing);
    return 0;
}
