/* The settings: a table row each, three sources, and a clear refusal for what is not in the table.
 */
#include "config_table.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "base/secret.h"
#include "base/text.h"

enum { LINE_MAX_LENGTH = 2048, NAME_MAX_LENGTH = 64 };

/* Where a value stands, for its failure and for config_print. */
struct source {
    enum config_source kind;
    const char *name;
};

static const struct source from_environment = {CONFIG_FROM_ENVIRONMENT, "environment"};
static const struct source from_command_line = {CONFIG_FROM_COMMAND_LINE, "command line"};

static const char environment_prefix[] = "DCS_";

static const struct setting *find_setting(struct text name)
{
    for (size_t i = 0; i < CONFIG_SETTING_COUNT; i++) {
        if (text_equals(text_of(settings[i].name), name))
            return &settings[i];
    }
    return NULL;
}

static void set_default(struct config *config, const struct setting *setting)
{
    char *place = (char *)config + setting->offset;
    if (setting->type == SETTING_INTEGER)
        memcpy(place, &setting->number, sizeof(setting->number));
    else
        snprintf(place, CONFIG_TEXT_MAX + 1, "%s", setting->text);
}

static bool is_one_of(struct text value, const char *words)
{
    while (*words) {
        size_t length = strcspn(words, "|");
        if (text_equals(value, (struct text){words, length}))
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

static int set_text(struct config *config, const struct setting *setting, struct text value,
                    const char *source, struct error *err)
{
    char *place = (char *)config + setting->offset;
    if (value.length > CONFIG_TEXT_MAX)
        return error_set(err, ERROR_CONFIG, "%s: %s is longer than %d bytes", source, setting->name,
                         CONFIG_TEXT_MAX);
    if (setting->words && !is_one_of(value, setting->words))
        return error_set(err, ERROR_CONFIG, "%s: %s is one of %s, not '%.*s'", source,
                         setting->name, setting->words, (int)value.length, value.bytes);
    memcpy(place, value.bytes, value.length);
    place[value.length] = '\0';
    return 0;
}

static int set_number(struct config *config, const struct setting *setting, struct text value,
                      const char *source, struct error *err)
{
    int64_t number;
    if (text_parse_integer(value, &number) < 0 || number < setting->least || number > setting->most)
        return error_set(err, ERROR_CONFIG, "%s: %s must be a whole number from %lld to %lld (%s)",
                         source, setting->name, (long long)setting->least, (long long)setting->most,
                         setting->unit);
    memcpy((char *)config + setting->offset, &number, sizeof(number));
    return 0;
}

static int set_value(struct config *config, const struct setting *setting, struct text value,
                     struct source source, struct error *err)
{
    int status = setting->type == SETTING_INTEGER
                     ? set_number(config, setting, value, source.name, err)
                     : set_text(config, setting, value, source.name, err);
    if (status == 0)
        config->sources[setting - settings] = source.kind;
    return status;
}

/* ASCII only, whatever the locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_alphanumeric(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* What is none is not quoted: it may be a secret in the wrong place, such as a URL. */
static bool is_name(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] != '_' && !is_alphanumeric(text.bytes[i]))
            return false;
    }
    return text.length <= NAME_MAX_LENGTH;
}

static int set_named(struct config *config, struct text name, struct text value,
                     struct source source, struct error *err)
{
    const struct setting *setting = find_setting(name);
    if (!setting && !is_name(name))
        return error_set(err, ERROR_CONFIG, "%s: expected the name of a setting", source.name);
    if (!setting)
        return error_set(err, ERROR_CONFIG, "%s: unknown setting '%.*s'", source.name,
                         (int)name.length, name.bytes);
    return set_value(config, setting, value, source, err);
}

static int load_line(struct config *config, const char *path, int number, char *line,
                     struct error *err)
{
    char source[CONFIG_TEXT_MAX + 32];
    snprintf(source, sizeof(source), "%s:%d", path, number);
    line[strcspn(line, "\r\n")] = '\0';
    struct text content = text_trim(text_of(line));
    if (content.length == 0 || content.bytes[0] == '#')
        return 0;
    const char *equals = memchr(content.bytes, '=', content.length);
    if (!equals)
        return error_set(err, ERROR_CONFIG, "%s: expected 'name = value'", source);
    size_t name_length = (size_t)(equals - content.bytes);
    struct text name = text_trim((struct text){content.bytes, name_length});
    struct text value = text_trim((struct text){equals + 1, content.length - name_length - 1});
    return set_named(config, name, value, (struct source){CONFIG_FROM_FILE, source}, err);
}

static void file_cleanup(FILE **file)
{
    if (*file)
        fclose(*file);
}

static int load_lines(struct config *config, const char *path, FILE *file,
                      char line[LINE_MAX_LENGTH], struct error *err)
{
    for (int number = 1; fgets(line, LINE_MAX_LENGTH, file); number++) {
        if (!strchr(line, '\n') && !feof(file))
            return error_set(err, ERROR_CONFIG, "%s:%d: line longer than %d bytes", path, number,
                             LINE_MAX_LENGTH - 2);
        if (load_line(config, path, number, line, err) < 0)
            return -1;
    }
    if (ferror(file))
        return error_set(err, ERROR_CONFIG, "%s: cannot be read", path);
    return 0;
}

static int load_file(struct config *config, const char *path, struct error *err)
{
    SCOPED(file_cleanup) FILE *file = fopen(path, "re");
    if (!file)
        return error_set(err, ERROR_CONFIG, "%s: %s", path, strerror(errno));
    /* Both hold the database's password. */
    char line[LINE_MAX_LENGTH], buffer[BUFSIZ];
    setvbuf(file, buffer, _IOFBF, sizeof(buffer));
    int status = load_lines(config, path, file, line, err);
    secret_cleanse(line, sizeof(line));
    secret_cleanse(buffer, sizeof(buffer));
    return status;
}

static int load_environment(struct config *config, char **environment, struct error *err)
{
    for (; *environment; environment++) {
        if (strncmp(*environment, environment_prefix, strlen(environment_prefix)) != 0)
            continue;
        const char *start = *environment + strlen(environment_prefix);
        const char *equals = strchr(start, '=');
        char name[NAME_MAX_LENGTH] = "";
        size_t length = equals ? (size_t)(equals - start) : 0;
        if (length == 0 || length >= sizeof(name))
            return error_set(err, ERROR_CONFIG, "environment: unknown setting '%.*s'", (int)length,
                             start);
        for (size_t i = 0; i < length; i++)
            name[i] = lower(start[i]);
        if (strcmp(name, "config") != 0 &&
            set_named(config, text_of(name), text_of(equals + 1), from_environment, err) < 0)
            return -1;
    }
    return 0;
}

/* Takes `--name=value` or `--name value` apart.  The name has '_' for '-'. */
static int split_option(char **argv, int argc, int *index, char name[NAME_MAX_LENGTH],
                        const char **ret_value, struct error *err)
{
    const char *option = argv[*index] + 2;
    size_t length = strcspn(option, "=");
    if (length == 0 || length >= NAME_MAX_LENGTH)
        return error_set(err, ERROR_CONFIG, "command line: unknown setting '%s'", option);
    for (size_t i = 0; i < length; i++)
        name[i] = option[i] == '-' ? '_' : option[i];
    name[length] = '\0';
    if (option[length] == '=') {
        *ret_value = option + length + 1;
    } else if (*index + 1 < argc) {
        *ret_value = argv[++*index];
    } else {
        return error_set(err, ERROR_CONFIG, "command line: --%s needs a value", option);
    }
    return 0;
}

static int load_option(struct config *config, char **argv, int argc, int *index, struct error *err)
{
    char name[NAME_MAX_LENGTH];
    const char *value = NULL;
    if (split_option(argv, argc, index, name, &value, err) < 0)
        return -1;
    const struct setting *setting = find_setting(text_of(name));
    if (setting && setting->type == SETTING_SECRET)
        return error_set(err, ERROR_CONFIG,
                         "command line: %s is a secret; put it into the file or the environment",
                         name);
    if (strcmp(name, "config") == 0)
        return 0;
    return set_named(config, text_of(name), text_of(value), from_command_line, err);
}

static bool is_setting_option(const char *word)
{
    char name[NAME_MAX_LENGTH];
    size_t length = strncmp(word, "--", 2) == 0 ? strcspn(word + 2, "=") : 0;
    if (length == 0 || length >= sizeof(name))
        return false;
    for (size_t i = 0; i < length; i++)
        name[i] = word[2 + i] == '-' ? '_' : word[2 + i];
    name[length] = '\0';
    return strcmp(name, "config") == 0 || find_setting((struct text){name, length});
}

static int load_words(struct config *config, int *argc, char **argv, bool words_allowed,
                      struct error *err)
{
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (words_allowed && !is_setting_option(argv[i])) {
            argv[kept++] = argv[i];
            continue;
        }
        if (strncmp(argv[i], "--", 2) != 0)
            return error_set(err, ERROR_CONFIG, "command line: unexpected '%s'", argv[i]);
        if (load_option(config, argv, *argc, &i, err) < 0)
            return -1;
    }
    *argc = kept;
    return 0;
}

static const char *find_file(int argc, char **argv, char **environment)
{
    static const char option[] = "--config", variable[] = "DCS_CONFIG=";
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--config=", strlen("--config=")) == 0)
            return argv[i] + strlen("--config=");
        if (strcmp(argv[i], option) == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    for (; *environment; environment++) {
        if (strncmp(*environment, variable, strlen(variable)) == 0)
            return *environment + strlen(variable);
    }
    return NULL;
}

int config_load(struct config *ret_config, int *argc, char **argv, char **environment,
                bool words_allowed, struct error *err)
{
    for (size_t i = 0; i < CONFIG_SETTING_COUNT; i++) {
        set_default(ret_config, &settings[i]);
        ret_config->sources[i] = CONFIG_FROM_DEFAULT;
    }
    const char *path = find_file(*argc, argv, environment);
    if (path && load_file(ret_config, path, err) < 0)
        return -1;
    if (load_environment(ret_config, environment, err) < 0)
        return -1;
    return load_words(ret_config, argc, argv, words_allowed, err);
}

enum config_mode config_take_mode(int *argc, char **argv)
{
    enum config_mode mode = CONFIG_MODE_RUN;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--check-config") == 0)
            mode = CONFIG_MODE_CHECK;
        else if (strcmp(argv[i], "--print-config") == 0)
            mode = CONFIG_MODE_PRINT;
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    return mode;
}
