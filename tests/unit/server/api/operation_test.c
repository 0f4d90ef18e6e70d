/* The table of operations: every row is whole, no two are the same. */
#include "fixture.h"

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operations[i];
        assert_true(operation->path[0] == '/');
        bool login = strcmp(operation->path, "/ext/v1/login") == 0;
        assert_int_equal(operation_is_login(operation), login);
        assert_int_equal(!operation->statement, login);
        assert_int_equal(!operation->bind, login);
        assert_int_equal(!operation->render, login);
        bool administration = strncmp(operation->path, "/admin/", 7) == 0;
        assert_int_equal(administration, operation->for_operators);
        assert_int_equal(administration, strncmp(operation->action, "admin:", 6) == 0);
        for (size_t j = 0; j < i; j++)
            assert_false(operations[j].method == operation->method &&
                         strcmp(operations[j].path, operation->path) == 0);
    }
}

/* What only reads may be run twice, and in the transaction of others: it is said of the statements
 * that look like it, and of no others. */
static void test_reading_statements_only_read(void **state)
{
    static const char *const words[] = {"INSERT ", "UPDATE ", "DELETE ",  "FOR KEY SHARE",
                                        "SHARE ",  "notify",  "nextval(", "lock"};
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        const struct operation *operation = &operations[i];
        bool reads = true;
        if (operation_is_login(operation))
            continue;
        for (size_t j = 0; j < COUNT_OF(words); j++)
            reads = reads && !strstr(operation->statement->sql, words[j]);
        assert_int_equal(operation->statement->effect, reads ? PG_READS : PG_WRITES);
        if (operation->method == HTTP_GET)
            assert_int_equal(operation->statement->effect, PG_READS);
        const struct pg_statement *where_none = operation_where_none(operation);
        if (where_none) {
            assert_int_equal(where_none->effect, PG_READS);
            assert_int_equal(where_none->parameter_count, operation->statement->parameter_count);
        }
    }
}

/* Operations that need no body bind what their statement takes, with what queries must have. */
static void test_parameter_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < operation_count; i++) {
        struct api_request request = {.access_key_id = TEXT("ABCDEFGHIJ0123456789")};
        struct pg_parameters parameters;
        struct error err;
        assert_int_equal(api_query_parse(TEXT("before=00000000-0000-4000-8000-000000000000&"
                                              "after=00000000-0000-4000-8000-000000000000"),
                                         &request.query, &err),
                         0);
        if (operations[i].method == HTTP_PUT || operations[i].method == HTTP_POST)
            continue;
        assert_int_equal(fixture_bind(&request, &operations[i], "", &parameters, &err), 0);
        assert_int_equal(parameters.count, operations[i].statement->parameter_count);
        api_request_release(&request);
    }
}

static void test_memory_is_zeroed_and_released(void **state)
{
    (void)state;
    struct api_request request = {0};
    for (size_t size = 1; size < 100000; size *= 10) {
        char *memory = api_request_allocate(&request, size);
        assert_int_equal(memory[0], 0);
        memset(memory, 1, size);
    }
    api_request_release(&request);
    assert_null(request.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_reading_statements_only_read),
        cmocka_unit_test(test_parameter_counts),
        cmocka_unit_test(test_memory_is_zeroed_and_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
