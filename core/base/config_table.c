/* The table's rows, field by field. */
#include "config_table.h"

#define TEXT_ROW(name, type, reload, value, words, unit, help)                                     \
    {#name, type, reload, offsetof(struct config, name), value, words, 0, 0, 0, unit, help},

const struct setting settings[CONFIG_SETTING_COUNT] = {
#define T(name, value, unit, help)                                                                 \
    TEXT_ROW(name, SETTING_TEXT, RELOAD_FIXED, value, NULL, unit, help)
#define S(name, value, unit, help)                                                                 \
    TEXT_ROW(name, SETTING_SECRET, RELOAD_FIXED, value, NULL, unit, help)
#define W(name, value, words, reload, help)                                                        \
    TEXT_ROW(name, SETTING_WORD, RELOAD_##reload, value, words, "word", help)
#define P(name, reload, help) TEXT_ROW(name, SETTING_PATH, RELOAD_##reload, "", NULL, "path", help)
#define N(name, value, least, most, unit, help)                                                    \
    {#name,        SETTING_INTEGER,                                                                \
     RELOAD_FIXED, offsetof(struct config, name),                                                  \
     "",           NULL,                                                                           \
     value,        least,                                                                          \
     most,         unit,                                                                           \
     help},
#include "base/config.def"
#undef T
#undef S
#undef W
#undef P
#undef N
};
