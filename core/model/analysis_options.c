/* Strict both ways: what is not understood is refused, and what is written is complete. */
#include "model/analysis_options.h"

#include <string.h>

#include "base/json.h"

const char *const analysis_measure_names[ANALYSIS_MEASURE_COUNT] = {
    [ANALYSIS_MEMORY] = "memory",
    [ANALYSIS_TTL] = "ttl",
    [ANALYSIS_ENCODING] = "encoding",
    [ANALYSIS_USAGE] = "usage",
};

void analysis_options_init(struct scan_analysis_options *ret_options)
{
    *ret_options = (struct scan_analysis_options){.measures = ANALYSIS_BIT(ANALYSIS_MEMORY) |
                                                              ANALYSIS_BIT(ANALYSIS_TTL),
                                                  .separators = ":",
                                                  .prefix_depth = ANALYSIS_DEPTH_DEFAULT,
                                                  .top = ANALYSIS_TOP_DEFAULT};
}

void analysis_options_init_offline(struct scan_analysis_options *ret_options)
{
    analysis_options_init(ret_options);
    ret_options->measures = ANALYSIS_BIT(ANALYSIS_MEASURE_COUNT) - 1;
    ret_options->top = ANALYSIS_TOP_OFFLINE;
}

/* No measure has two: a name that comes twice is a mistake. */
static bool add_measure(struct text name, unsigned *measures)
{
    for (int i = 0; i < ANALYSIS_MEASURE_COUNT; i++) {
        if (!text_equals(name, text_of(analysis_measure_names[i])) || *measures & ANALYSIS_BIT(i))
            continue;
        *measures |= ANALYSIS_BIT(i);
        return true;
    }
    return false;
}

int analysis_measures_parse(const char *names, unsigned *ret_measures)
{
    unsigned measures = 0;
    while (*names) {
        size_t length = strcspn(names, ",");
        if (!add_measure((struct text){names, length}, &measures))
            return -1;
        names += length;
        if (*names == ',' && !*++names)
            return -1;
    }
    *ret_measures = measures;
    return 0;
}

static bool is_punctuation(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

int analysis_separators_parse(const char *text, size_t length,
                              char ret_separators[ANALYSIS_SEPARATORS_MAX + 1])
{
    if (length < 1 || length > ANALYSIS_SEPARATORS_MAX)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (!is_punctuation(text[i]) || memchr(text, text[i], i))
            return -1;
    }
    memcpy(ret_separators, text, length);
    ret_separators[length] = '\0';
    return 0;
}

static int invalid(const char *name, struct error *err)
{
    return error_set_public(err, ERROR_INVALID_PARAMETER, "%s", name);
}

static int read_measures(const json_t *object, struct scan_analysis_options *options,
                         struct error *err)
{
    json_t *array;
    unsigned measures = 0;
    if (json_get_array(object, "measures", &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *name = json_array_get(array, i);
        if (!json_is_string(name) ||
            !add_measure((struct text){json_string_value(name), json_string_length(name)},
                         &measures))
            return invalid("measures", err);
    }
    options->measures = measures;
    return 0;
}

static int read_separators(const json_t *object, struct scan_analysis_options *options,
                           struct error *err)
{
    struct text text;
    if (json_get_text(object, "separators", ANALYSIS_SEPARATORS_MAX, &text, err) < 0)
        return -1;
    return analysis_separators_parse(text.bytes, text.length, options->separators) < 0
               ? invalid("separators", err)
               : 0;
}

static int read_number(const json_t *object, const char *name, int most, int *number,
                       struct error *err)
{
    int64_t value;
    if (json_get_integer(object, name, 1, most, &value, err) < 0)
        return -1;
    *number = (int)value;
    return 0;
}

static int read_member(const json_t *object, const char *name,
                       struct scan_analysis_options *options, struct error *err)
{
    if (strcmp(name, "measures") == 0)
        return read_measures(object, options, err);
    if (strcmp(name, "separators") == 0)
        return read_separators(object, options, err);
    if (strcmp(name, "prefix_depth") == 0)
        return read_number(object, name, ANALYSIS_DEPTH_MAX, &options->prefix_depth, err);
    if (strcmp(name, "top") == 0)
        return read_number(object, name, ANALYSIS_TOP_MAX, &options->top, err);
    return invalid("options", err);
}

int analysis_options_read(json_t *object, struct scan_analysis_options *options, struct error *err)
{
    if (!object)
        return 0;
    if (!json_is_object(object))
        return invalid("options", err);
    for (void *place = json_object_iter(object); place;
         place = json_object_iter_next(object, place)) {
        if (read_member(object, json_object_iter_key(place), options, err) < 0)
            return -1;
    }
    return 0;
}

void analysis_measures_write(struct json_writer *json, unsigned measures)
{
    json_writer_begin_array(json);
    for (int i = 0; i < ANALYSIS_MEASURE_COUNT; i++) {
        if (measures & ANALYSIS_BIT(i))
            json_writer_text(json, analysis_measure_names[i], strlen(analysis_measure_names[i]));
    }
    json_writer_end_array(json);
}

void analysis_options_write(struct json_writer *json, const struct scan_analysis_options *options)
{
    json_writer_name(json, "measures");
    analysis_measures_write(json, options->measures);
    json_writer_member_text(json, "separators", options->separators);
    json_writer_member_number(json, "prefix_depth", options->prefix_depth);
    json_writer_member_number(json, "top", options->top);
}
