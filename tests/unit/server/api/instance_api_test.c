/* bind and render of the operations on instances, over plain structs. */
#include <string.h>

#include "api/operation.h"
#include "model/instance_store.h"
#include "unit.h"

static const struct operation *find_operation(const char *action)
{
    for (size_t i = 0; i < operation_count; i++) {
        if (strcmp(operations[i].action, action) == 0)
            return &operations[i];
    }
    fail_msg("no operation %s", action);
    return NULL;
}

#define V(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define INSTANCE_VALUES                                                                            \
    V("p"), V("i"), V("cache \"one\""), V("about"), V("single"), V("RUNNING"),                     \
        V("[::1]:6379,b.example:6380"), V("t"), {0}, V("t"), V("Valkey"), V("8.1.1"), V("bigkey"), \
        V("master"), V("standalone"), V("16"), V("3145728"), V("1610612736"), V("noeviction"),     \
        {0}, V("2026-11-22 17:09:23+00"), V("2026-11-22 17:09:21+00"),                             \
        V("2026-11-22 17:09:22+00"), V("f"), V("1"), {0}, V("fast"), V("a=b"), {0}, V("t"),        \
    {                                                                                              \
        0                                                                                          \
    }
#define EXPECTED                                                                                   \
    "\"instance_id\":\"i\",\"name\":\"cache \\\"one\\\"\",\"engine\":\"Redis\","                   \
    "\"engine_version\":\"8.1\",\"ip\":\"::1,b.example\",\"port\":6379,\"domain_name\":\"::1\","   \
    "\"status\":\"RUNNING\",\"sub_status\":\"normal\",\"spec_code\":\"redis.single\","             \
    "\"capacity\":2,\"max_memory\":1536,\"used_memory\":3,\"no_password_access\":\"false\","       \
    "\"enable_ssl\":true,\"created_at\":\"2026-11-22T17:09:21.000Z\","                             \
    "\"updated_at\":\"2026-11-22T17:09:22.000Z\",\"description\":\"about\",\"tags\":[]"

static void check(const char *action, const struct pg_rows *rows, const char *expected)
{
    struct api_request request = {.operation = find_operation(action)};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, rows, &reply, &err), 0);
    assert_string_equal(reply.body.text, expected);
    api_reply_release(&reply);
}

static void test_show(void **state)
{
    (void)state;
    const struct pg_value values[] = {INSTANCE_VALUES, V("3"), V("2")};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    assert_int_equal(COUNT_OF(values), INSTANCE_SHOW_REPLICAS + 1);
    check("dcs:instance:get", &rows,
          "{" EXPECTED ",\"cache_mode\":\"single\",\"db_number\":16,\"replica_count\":2,"
          "\"sharding_count\":3,\"product_type\":\"generic\"}");
}

static void test_show_of_nothing(void **state)
{
    (void)state;
    const struct pg_rows rows = {0, INSTANCE_COLUMN_COUNT, NULL, NULL};
    struct api_request request = {.operation = find_operation("dcs:instance:get")};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &rows, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_UNKNOWN_INSTANCE);
    api_reply_release(&reply);
}

static const struct operation *find_path(const char *ending)
{
    for (size_t i = 0; i < operation_count; i++) {
        const char *place = strstr(operations[i].path, ending);
        if (place && strlen(place) == strlen(ending))
            return &operations[i];
    }
    fail_msg("no path %s", ending);
    return NULL;
}

static void check_path(const char *ending, const struct pg_rows *rows, const char *expected)
{
    struct api_request request = {.operation = find_path(ending), .instance = {"i"}};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, rows, &reply, &err), 0);
    assert_string_equal(reply.body.text, expected);
    api_reply_release(&reply);
}

static void test_nodes(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("i"), V("n"), V("::1"), V("6379"), V("master"), V("0")};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check_path("/logical-nodes", &rows,
               "{\"instance_id\":\"i\",\"total\":1,\"nodes\":[{\"logical_node_id\":\"n\","
               "\"name\":\"::1:6379\",\"status\":\"Active\",\"node_role\":\"redis-server\","
               "\"node_type\":\"master\",\"node_ip\":\"::1\",\"node_port\":\"6379\","
               "\"node_id\":\"n\",\"group_id\":\"0\",\"group_name\":\"group-0\","
               "\"is_access\":true}]}");
    const struct pg_value none[] = {V("i"), {0}, {0}, {0}, {0}, {0}};
    const struct pg_rows no_rows = {1, COUNT_OF(none), none, NULL};
    check_path("/logical-nodes", &no_rows, "{\"instance_id\":\"i\",\"total\":0,\"nodes\":[]}");
}

static void test_configs(void **state)
{
    (void)state;
    const struct pg_value values[] = {
        V("RUNNING"), V("{\"maxmemory-policy\":\"allkeys-lfu\",\"requirepass\":\"secret\"}"),
        V("2026-11-22 17:09:23+00")};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    struct api_request request = {.operation = find_path("/configs")};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &rows, &reply, &err), 0);
    assert_non_null(strstr(reply.body.text, "\"param_name\":\"maxmemory-policy\","
                                            "\"param_value\":\"allkeys-lfu\""));
    assert_non_null(strstr(reply.body.text, "\"config_time\":\"2026-11-22T17:09:23.000Z\""));
    assert_null(strstr(reply.body.text, "secret"));
    api_reply_release(&reply);
    const struct pg_value unknown[] = {V("CREATING"), {0}, {0}};
    const struct pg_rows unknown_rows = {1, COUNT_OF(unknown), unknown, NULL};
    check_path("/configs", &unknown_rows,
               "{\"instance_id\":\"i\",\"redis_config\":[],\"config_status\":\"SUCCESS\","
               "\"status\":\"CREATING\"}");
}

static void test_list(void **state)
{
    (void)state;
    const struct pg_value values[] = {V("12"), INSTANCE_VALUES};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check("dcs:instance:list", &rows, "{\"instance_num\":12,\"instances\":[{" EXPECTED "}]}");
    struct pg_value nothing[1 + INSTANCE_COLUMN_COUNT] = {V("0")};
    const struct pg_rows no_rows = {1, COUNT_OF(nothing), nothing, NULL};
    check("dcs:instance:list", &no_rows, "{\"instance_num\":0,\"instances\":[]}");
}

static int bind(const char *query, struct pg_parameters *parameters, struct error *err)
{
    static struct api_request request;
    request = (struct api_request){.operation = find_operation("dcs:instance:list")};
    assert_int_equal(api_query_parse(text_of(query), &request.query, err), 0);
    pg_parameters_init(parameters);
    return request.operation->bind(&request, parameters, err);
}

static void test_bind_filters(void **state)
{
    (void)state;
    struct pg_parameters parameters;
    struct error err = {0};
    assert_int_equal(bind("name=a%20b&ip=10.0", &parameters, &err), 0);
    assert_int_equal(parameters.count, instance_list.parameter_count);
    assert_string_equal(parameters.values[2], "a b");
    assert_null(parameters.values[3]);
    assert_string_equal(parameters.values[5], "10.0");
    assert_int_equal(bind("name=x&name_equal=true", &parameters, &err), 0);
    assert_null(parameters.values[2]);
    assert_string_equal(parameters.values[3], "x");
    static const char *const refused[][2] = {
        {"instance_id=5", "instance_id"}, {"name_equal=yes", "name_equal"}, {"limit=x", "limit"}};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct error failure = {0};
        assert_int_equal(bind(refused[i][0], &parameters, &failure), -1);
        assert_string_equal(failure.public_argument, refused[i][1]);
    }
}

/* Only what the policy of who asks names is listed. */
static void test_list_within_a_policy(void **state)
{
    static const char *const ids[] = {"6f1c1c34-6d1e-4a58-9d6c-000000000002",
                                      "6f1c1c34-6d1e-4a58-9d6c-000000000001"};
    struct policy policy = {0};
    (void)state;
    for (size_t i = 0; i <= COUNT_OF(ids); i++) {
        static const char *const expected[] = {NULL, "6f1c1c34-6d1e-4a58-9d6c-000000000002",
                                               "6f1c1c34-6d1e-4a58-9d6c-000000000001,"
                                               "6f1c1c34-6d1e-4a58-9d6c-000000000002"};
        struct api_request request = {.operation = find_operation("dcs:instance:list"),
                                      .policy = &policy};
        struct pg_parameters parameters;
        struct error err = {0};
        pg_parameters_init(&parameters);
        assert_int_equal(request.operation->bind(&request, &parameters, &err), 0);
        assert_int_equal(parameters.count, instance_list.parameter_count);
        if (expected[i])
            assert_string_equal(parameters.values[8], expected[i]);
        else
            assert_null(parameters.values[8]);
        api_request_release(&request);
        if (i < COUNT_OF(ids)) {
            struct uuid id;
            assert_int_equal(uuid_parse(text_of(ids[i]), &id), 0);
            policy_add_instance(&policy, &id);
        }
    }
    policy = (struct policy){.is_limited = true};
    struct api_request request = {.operation = find_operation("dcs:instance:list"),
                                  .policy = &policy};
    struct pg_parameters parameters;
    struct error err = {0};
    pg_parameters_init(&parameters);
    assert_int_equal(request.operation->bind(&request, &parameters, &err), 0);
    assert_string_equal(parameters.values[8], "");
    api_request_release(&request);
}

static void test_own_project(void **state)
{
    (void)state;
    const struct pg_value values[] = {
        V("a4d31cb6-3d72-4fdc-8ec9-6e3a41e47f71"), V("shop"), {0}, {0}, V("2"), V("1"), V("7")};
    const struct pg_rows rows = {1, COUNT_OF(values), values, NULL};
    check("iam:projects:list", &rows,
          "{\"projects\":[{\"id\":\"a4d31cb63d724fdc8ec96e3a41e47f71\",\"name\":\"shop\","
          "\"enabled\":true}],\"links\":{}}");
    const struct pg_rows none = {0, COUNT_OF(values), NULL, NULL};
    struct api_request request = {.operation = find_operation("iam:projects:list")};
    struct api_reply reply;
    struct error err = {0};
    api_reply_init(&reply);
    assert_int_equal(request.operation->render(&request, &none, &reply, &err), -1);
    assert_int_equal(err.code, ERROR_FORBIDDEN);
    api_reply_release(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_within_a_policy),
        cmocka_unit_test(test_own_project),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_show_of_nothing),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_configs),
        cmocka_unit_test(test_bind_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
