/* What people read of the settings: the table, and what counts. */
#include "config_table.h"

#include <stdio.h>

static const char *const source_headings[CONFIG_SOURCE_COUNT] = {
    [CONFIG_FROM_DEFAULT] = "defaults",
    [CONFIG_FROM_FILE] = "from the file",
    [CONFIG_FROM_ENVIRONMENT] = "from the environment",
    [CONFIG_FROM_COMMAND_LINE] = "from the command line",
};

static void print_kind(const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_INTEGER:
        printf("%s, %lld to %lld, default %lld", setting->unit, (long long)setting->least,
               (long long)setting->most, (long long)setting->number);
        break;
    case SETTING_SECRET:
        printf("%s; file or environment only", setting->unit);
        break;
    case SETTING_WORD:
        printf("%s, default '%s'", setting->words, setting->text);
        break;
    case SETTING_TEXT:
    case SETTING_PATH:
        printf("%s, default '%s'", setting->unit, setting->text);
        break;
    }
}

void config_print_help(void)
{
    static const char *const reloads[] = {
        [RELOAD_FIXED] = "",
        [RELOAD_SIGHUP] = "; SIGHUP takes a new value",
        [RELOAD_CONTENT] = "; read again when it changes and on SIGHUP",
    };
    puts("  --check-config               read and check the settings and all files that they name, "
         "and end: 0, or 1\n"
         "  --print-config               print the settings that count and where they are from\n\n"
         "Settings (--name=value, DCS_NAME in the environment, 'name = value' in --config FILE):");
    for (size_t i = 0; i < CONFIG_SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        printf("  %-28s %s (", setting->name, setting->help);
        print_kind(setting);
        printf("%s)\n", reloads[setting->reload]);
    }
}

/* A user in a URL has a password with it, wherever it does not belong. */
static bool is_secret(const struct setting *setting, const char *text)
{
    return setting->type == SETTING_SECRET ||
           (strcmp(setting->unit, "URL") == 0 && strchr(text, '@'));
}

/* A control character could not stand in a file, and a terminal would obey it. */
static void print_text(const char *text)
{
    for (; *text; text++) {
        const unsigned char byte = (unsigned char)*text;
        putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
}

static void print_setting(const struct config *config, const struct setting *setting)
{
    const char *text = setting_text(config, setting);
    if (setting->type == SETTING_INTEGER) {
        printf("%s = %lld\n", setting->name, (long long)setting_number(config, setting));
    } else if (is_secret(setting, text)) {
        printf("# %s is %s; it is a secret\n", setting->name, text[0] ? "set" : "empty");
    } else {
        printf("%s = ", setting->name);
        print_text(text);
        putchar('\n');
    }
}

void config_print(const struct config *config)
{
    for (int source = CONFIG_SOURCE_COUNT - 1; source >= 0; source--) {
        bool begun = false;
        for (size_t i = 0; i < CONFIG_SETTING_COUNT; i++) {
            if ((int)config->sources[i] != source)
                continue;
            if (!begun)
                printf("%s# %s\n", source == CONFIG_SOURCE_COUNT - 1 ? "" : "\n",
                       source_headings[source]);
            begun = true;
            print_setting(config, &settings[i]);
        }
    }
}
