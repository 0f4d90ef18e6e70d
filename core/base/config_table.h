/* Within the configuration: the table as data. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
#include <string.h>

#include "base/config.h"

enum setting_type {
    SETTING_TEXT,
    SETTING_SECRET,
    SETTING_WORD,
    SETTING_PATH,
    SETTING_INTEGER,
};

enum setting_reload { RELOAD_FIXED, RELOAD_SIGHUP, RELOAD_CONTENT };

struct setting {
    const char *name;
    enum setting_type type;
    enum setting_reload reload;
    size_t offset;
    const char *text;  /* the default, but of an integer */
    const char *words; /* with '|' between them; null where it is none of these */
    int64_t number, least, most;
    const char *unit, *help;
};

extern const struct setting settings[CONFIG_SETTING_COUNT];

static inline const char *setting_text(const struct config *config, const struct setting *setting)
{
    return (const char *)config + setting->offset;
}

static inline int64_t setting_number(const struct config *config, const struct setting *setting)
{
    int64_t number;
    memcpy(&number, (const char *)config + setting->offset, sizeof(number));
    return number;
}

#endif
