/* Autoscan configuration: daily times for big and hot keys, first time and interval for expired
 * keys. */
#include "base/clock.h"
#include "base/json.h"
#include "model/autoscan_store.h"
#include "operations.h"

enum { TIMEOUT_LEAST = 2, SCAN_KEYS_LEAST = 10 };

int bind_autoscan(struct api_request *request, struct pg_parameters *parameters, struct error *err)
{
    (void)err;
    bind_ids(request, parameters);
    pg_parameters_add_reference(parameters, request->operation->kind->name);
    return 0;
}

static int read_times(const json_t *array, int times[AUTOSCAN_TIMES_MAX], struct error *err)
{
    size_t index;
    const json_t *entry;
    if (json_array_size(array) > AUTOSCAN_TIMES_MAX)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "schedule_at");
    json_array_foreach(array, index, entry)
    {
        struct text text = {json_string_value(entry), json_string_length(entry)};
        if (!json_is_string(entry) || autoscan_parse_time(text, &times[index]) < 0)
            return error_set_public(err, ERROR_INVALID_PARAMETER, "schedule_at");
    }
    return autoscan_order_times(times, (int)json_array_size(array));
}

static void add_times(const int *times, int count, struct pg_parameters *parameters)
{
    struct json_writer array;
    json_writer_init(&array);
    json_writer_raw(&array, "{", 1);
    for (int i = 0; i < count; i++)
        json_writer_number(&array, times[i]);
    json_writer_raw(&array, "}", 1);
    pg_parameters_add_text(parameters, (struct text){array.text, array.length});
    json_writer_release(&array);
}

/* Against repetition, and against too much. */
static void add_guards(const struct api_request *request, struct pg_parameters *parameters)
{
    bind_request(request, parameters);
    pg_parameters_add_integer(parameters, request->context->project_schedule_entries_max);
}

/* All but the options. */
static int bind_times(struct api_request *request, struct pg_parameters *parameters,
                      struct error *err)
{
    bool enabled;
    json_t *array;
    int times[AUTOSCAN_TIMES_MAX];
    if (parse_body(request, err) < 0 ||
        json_get_boolean(request->object, "enable_auto_scan", &enabled, err) < 0 ||
        json_get_array(request->object, "schedule_at", &array, err) < 0)
        return -1;
    int count = read_times(array, times, err);
    if (count < 0)
        return -1;
    if (enabled && count == 0)
        return error_set_public(err, ERROR_INVALID_PARAMETER, "schedule_at");
    bind_autoscan(request, parameters, err);
    pg_parameters_add_boolean(parameters, enabled);
    add_times(times, count, parameters);
    add_guards(request, parameters);
    return 0;
}

int bind_autoscan_times(struct api_request *request, struct pg_parameters *parameters,
                        struct error *err)
{
    if (bind_times(request, parameters, err) < 0)
        return -1;
    pg_parameters_add_reference(parameters, NULL);
    return 0;
}

int bind_analysis_schedule(struct api_request *request, struct pg_parameters *parameters,
                           struct error *err)
{
    if (bind_times(request, parameters, err) < 0)
        return -1;
    return bind_options(json_object_get(request->object, "options"), parameters, err);
}

/* What a request says of an interval schedule; negative where it says nothing. */
struct interval_request {
    bool enabled;
    char first_scan_at[CLOCK_ISO_LENGTH + 1]; /* empty where it says nothing */
    int64_t interval, timeout, scan_keys_count;
};

static bool is_left_out(const json_t *object, const char *name, bool mandatory)
{
    const json_t *member = json_object_get(object, name);
    return !mandatory && (!member || json_is_null(member));
}

static int read_number(const json_t *object, const char *name, bool mandatory, int64_t *ret_number,
                       struct error *err)
{
    *ret_number = -1;
    if (is_left_out(object, name, mandatory))
        return 0;
    /* Negative numbers have errors of their own; what is not a 32-bit integer has none. */
    return json_get_integer(object, name, INT32_MIN, INT32_MAX, ret_number, err);
}

static int read_first_scan_at(const json_t *object, bool mandatory,
                              char ret_text[CLOCK_ISO_LENGTH + 1], struct error *err)
{
    enum { TEXT_MAX = 64 };
    struct text text;
    int64_t moment;
    ret_text[0] = '\0';
    if (is_left_out(object, "first_scan_at", mandatory))
        return 0;
    if (json_get_text(object, "first_scan_at", TEXT_MAX, &text, err) < 0)
        return -1;
    if (clock_parse_iso(text.bytes, (int)text.length, &moment) < 0)
        return error_set(err, ERROR_INVALID_FIRST_SCAN_AT, "not ISO time");
    clock_format_iso(moment, ret_text);
    return 0;
}

static int read_interval_request(const json_t *object, struct interval_request *ret_wanted,
                                 struct error *err)
{
    if (json_get_boolean(object, "enable_auto_scan", &ret_wanted->enabled, err) < 0)
        return -1;
    bool mandatory = ret_wanted->enabled;
    if (read_first_scan_at(object, mandatory, ret_wanted->first_scan_at, err) < 0 ||
        read_number(object, "interval", mandatory, &ret_wanted->interval, err) < 0 ||
        read_number(object, "timeout", mandatory, &ret_wanted->timeout, err) < 0 ||
        read_number(object, "scan_keys_count", mandatory, &ret_wanted->scan_keys_count, err) < 0)
        return -1;
    return 0;
}

static bool has(const json_t *object, const char *name)
{
    return !is_left_out(object, name, false);
}

static int check_interval_request(const struct api_request *request,
                                  const struct interval_request *wanted, struct error *err)
{
    const json_t *object = request->object;
    int64_t most = request->context->expired_batch_keys_max;
    if (has(object, "interval") && wanted->interval < 0)
        return error_set(err, ERROR_INVALID_INTERVAL, "negative interval");
    if (has(object, "timeout") &&
        (wanted->timeout < TIMEOUT_LEAST || wanted->timeout < 2 * wanted->interval))
        return error_set(err, ERROR_INVALID_TIMEOUT, "timeout too short");
    if (has(object, "scan_keys_count") &&
        (wanted->scan_keys_count < SCAN_KEYS_LEAST || wanted->scan_keys_count > most))
        return error_set_public(err, ERROR_INVALID_SCAN_KEYS_COUNT, "%lld", (long long)most);
    return 0;
}

static void add_number(struct pg_parameters *parameters, int64_t number)
{
    if (number < 0)
        pg_parameters_add_reference(parameters, NULL);
    else
        pg_parameters_add_integer(parameters, number);
}

int bind_autoscan_interval(struct api_request *request, struct pg_parameters *parameters,
                           struct error *err)
{
    struct interval_request wanted;
    if (parse_body(request, err) < 0 || read_interval_request(request->object, &wanted, err) < 0 ||
        check_interval_request(request, &wanted, err) < 0)
        return -1;
    bind_autoscan(request, parameters, err);
    pg_parameters_add_boolean(parameters, wanted.enabled);
    if (wanted.first_scan_at[0])
        pg_parameters_add_text(parameters, text_of(wanted.first_scan_at));
    else
        pg_parameters_add_reference(parameters, NULL);
    add_number(parameters, wanted.interval);
    add_number(parameters, wanted.timeout);
    add_number(parameters, wanted.scan_keys_count);
    add_guards(request, parameters);
    return 0;
}

static int check_outcome(const struct pg_rows *rows, struct error *err)
{
    if (rows->row_count == 0)
        return error_set(err, ERROR_UNKNOWN_INSTANCE, "no such instance in the project");
    struct text outcome = pg_rows_text(rows, 0, AUTOSCAN_OUTCOME);
    if (text_equals(outcome, TEXT("past")))
        return error_set(err, ERROR_INVALID_FIRST_SCAN_AT, "not later than now");
    if (text_equals(outcome, TEXT("timeout")))
        return error_set(err, ERROR_INVALID_TIMEOUT, "timeout too short");
    if (text_equals(outcome, TEXT("full")))
        return error_set(err, ERROR_SCHEDULE_QUOTA, "no room for more entries");
    return 0;
}

static void begin(const struct api_request *request, const struct autoscan *autoscan,
                  struct json_writer *body)
{
    json_writer_begin_object(body);
    json_writer_member_text(body, "instance_id", request->instance.text);
    json_writer_member_boolean(body, "enable_auto_scan", autoscan->enabled);
}

static void write_schedule(struct json_writer *body, const struct autoscan *autoscan)
{
    json_writer_name(body, "schedule_at");
    json_writer_begin_array(body);
    for (int i = 0; i < autoscan->time_count; i++) {
        char text[AUTOSCAN_TIME_LENGTH + 1];
        autoscan_format_time(autoscan->times[i], text);
        json_writer_text(body, text, AUTOSCAN_TIME_LENGTH);
    }
    json_writer_end_array(body);
}

static int render_times(const struct api_request *request, const struct pg_rows *rows,
                        struct api_reply *reply, bool with_options, struct error *err)
{
    struct autoscan autoscan;
    if (check_outcome(rows, err) < 0)
        return -1;
    autoscan_read(rows, 0, AUTOSCAN_FIRST, &autoscan);
    begin(request, &autoscan, &reply->body);
    write_schedule(&reply->body, &autoscan);
    if (with_options)
        write_options(&reply->body, autoscan.options);
    write_time(&reply->body, "updated_at", autoscan.updated_at);
    json_writer_end_object(&reply->body);
    return 0;
}

int render_autoscan_times(const struct api_request *request, const struct pg_rows *rows,
                          struct api_reply *reply, struct error *err)
{
    return render_times(request, rows, reply, false, err);
}

int render_analysis_schedule(const struct api_request *request, const struct pg_rows *rows,
                             struct api_reply *reply, struct error *err)
{
    return render_times(request, rows, reply, true, err);
}

static void write_number(struct json_writer *body, const char *name, int64_t number)
{
    if (number >= 0)
        json_writer_member_number(body, name, number);
}

int render_autoscan_interval(const struct api_request *request, const struct pg_rows *rows,
                             struct api_reply *reply, struct error *err)
{
    struct autoscan autoscan;
    if (check_outcome(rows, err) < 0)
        return -1;
    autoscan_read(rows, 0, AUTOSCAN_FIRST, &autoscan);
    begin(request, &autoscan, &reply->body);
    write_time(&reply->body, "first_scan_at", autoscan.first_scan_at);
    write_number(&reply->body, "interval", autoscan.interval);
    write_number(&reply->body, "timeout", autoscan.timeout);
    write_number(&reply->body, "scan_keys_count", autoscan.scan_keys_count);
    write_time(&reply->body, "updated_at", autoscan.updated_at);
    json_writer_end_object(&reply->body);
    return 0;
}
