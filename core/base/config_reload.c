/* What SIGHUP makes of the settings.  All sources are read, so that what the command line says
 * still wins; only a file can have changed. */
#include "config_table.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret.h"

static bool is_same(const struct config *a, const struct config *b, const struct setting *setting)
{
    if (setting->type == SETTING_INTEGER)
        return setting_number(a, setting) == setting_number(b, setting);
    return strcmp(setting_text(a, setting), setting_text(b, setting)) == 0;
}

/* The only one of its kind: a second one has its own way of counting. */
static void apply(struct config *config, const struct config *read)
{
    enum log_level level;
    if (log_level_parse(read->log_level, &level) < 0)
        return;
    log_set_threshold(level);
    memcpy(config->log_level, read->log_level, sizeof(config->log_level));
    config->sources[CONFIG_log_level] = read->sources[CONFIG_log_level];
}

static void compare(struct config *config, const struct config *read)
{
    for (size_t i = 0; i < CONFIG_SETTING_COUNT; i++) {
        if (is_same(config, read, &settings[i]))
            continue;
        if (settings[i].reload == RELOAD_SIGHUP) {
            apply(config, read);
            LOG_WARNING("setting_reloaded", LOG_TEXT("setting", settings[i].name));
        } else {
            LOG_WARNING("setting_needs_restart", LOG_TEXT("setting", settings[i].name));
        }
    }
}

void config_reload(struct config *config, int argc, char **argv, char **environment)
{
    struct error err = {0};
    struct config *read = malloc(sizeof(*read));
    if (!read)
        abort();
    if (config_load(read, &argc, argv, environment, false, &err) < 0)
        LOG_WARNING("settings_not_reloaded", LOG_ERROR_FIELDS(&err));
    else
        compare(config, read);
    secret_cleanse(read, sizeof(*read));
    free(read);
}
