/* dcsctl completion: a script for bash, out of the tables of commands and options, which asks
 * nothing of the program when it completes.  zsh runs the same one (bashcompinit), so that it keeps
 * to what both know: zsh emulates sh there, arrays begin at 0. */
#include <stdio.h>
#include <string.h>

#include "command.h"

/* Replies are quoted where they need it; `$prefix` is the `--name=` of a word that holds both. */
static const char helpers[] =
    "_dcsctl_offer() {\n"
    "    local choice\n"
    "    for choice; do\n"
    "        case $choice in\n"
    "        \"$cur\"*) COMPREPLY+=(\"$prefix$(printf '%q' \"$choice\")\") ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "_dcsctl_files() {\n"
    "    local IFS=$'\\n' name\n"
    "    type compopt >/dev/null 2>&1 && compopt -o filenames 2>/dev/null\n"
    "    for name in $(compgen -f -- \"$cur\"); do\n"
    "        if [ -n \"$ZSH_VERSION\" ]; then name=$(printf '%q' \"$name\"); fi\n"
    "        COMPREPLY+=(\"$prefix$name\")\n"
    "    done\n"
    "}\n";

static const char beginning[] =
    "_dcsctl() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} option= prefix= noun= verb= words=0 i=1\n"
    "    COMPREPLY=()\n"
    "    [ \"$COMP_CWORD\" -gt 0 ] && option=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    if [ \"$cur\" = = ]; then\n"
    "        cur=\n"
    "    elif [ \"$option\" = = ]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    case $cur in\n"
    "    --*=*) option=${cur%%=*} prefix=$option= cur=${cur#*=} ;;\n"
    "    esac\n"
    "    cur=${cur//\\\\/}\n";

static const char walk_end[] = "        -*) ;;\n"
                               "        *)\n"
                               "            words=$((words + 1))\n"
                               "            if [ \"$words\" = 1 ]; then noun=${COMP_WORDS[i]}; fi\n"
                               "            if [ \"$words\" = 2 ]; then verb=${COMP_WORDS[i]}; fi\n"
                               "            ;;\n"
                               "        esac\n"
                               "        i=$((i + 1))\n"
                               "    done\n";

static const char end[] = "}\n"
                          "complete -F _dcsctl dcsctl\n";

static void put_choices(const char *choices)
{
    fputs("_dcsctl_offer", stdout);
    for (const char *c = choices; *c;) {
        int length = (int)strcspn(c, "|");
        printf(" '%.*s'", length, c);
        c += length + (c[length] == '|');
    }
}

/* `--a|--b`: of options with a value all, or those whose value is a file, or is none of the known.
 */
enum values { VALUES_ALL, VALUES_FILE, VALUES_FREE };

static bool is_among(int option, enum values values)
{
    const struct option_description *description = &option_descriptions[option];
    if (!description->value)
        return false;
    const bool is_file = strcmp(description->value, "FILE") == 0;
    return values == VALUES_ALL || (values == VALUES_FILE) == is_file;
}

static void put_options_with(enum values values)
{
    /* A setting, which no command's row has (base/config.h). */
    const char *separator = values == VALUES_FREE ? "" : "|";
    if (values != VALUES_FREE)
        fputs("--config", stdout);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!is_among(i, values) || (values == VALUES_FREE && option_choices[i]))
            continue;
        printf("%s%s", separator, option_descriptions[i].name);
        separator = "|";
    }
}

/* What may follow an option. */
static void put_values(void)
{
    fputs("    case $option in\n", stdout);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!option_choices[i])
            continue;
        printf("    %s) ", option_descriptions[i].name);
        put_choices(option_choices[i]);
        fputs("; return ;;\n", stdout);
    }
    fputs("    ", stdout);
    put_options_with(VALUES_FILE);
    fputs(") _dcsctl_files; return ;;\n    ", stdout);
    put_options_with(VALUES_FREE);
    fputs(") return ;;\n    esac\n", stdout);
}

/* Finds the noun and the verb among the words before. */
static void put_walk(void)
{
    fputs("    while [ \"$i\" -lt \"$COMP_CWORD\" ]; do\n"
          "        case ${COMP_WORDS[i]} in\n        ",
          stdout);
    put_options_with(VALUES_ALL);
    fputs(")\n            i=$((i + 1))\n"
          "            if [ \"${COMP_WORDS[i]}\" = = ]; then i=$((i + 1)); fi\n"
          "            ;;\n",
          stdout);
    fputs(walk_end, stdout);
}

static bool is_first_of_noun(const struct command *command)
{
    return command == commands || strcmp(command[-1].noun, command->noun) != 0;
}

static void put_nouns(void)
{
    fputs("    case $words in\n    0) _dcsctl_offer", stdout);
    for (const struct command *command = commands; command->noun; command++) {
        if (is_first_of_noun(command))
            printf(" %s", command->noun);
    }
    fputs(" --help; return ;;\n    1)\n        case $noun in\n", stdout);
    for (const struct command *command = commands; command->noun; command++) {
        if (!command->verb)
            continue;
        if (is_first_of_noun(command))
            printf("        %s) _dcsctl_offer", command->noun);
        printf(" %s", command->verb);
        if (!command[1].noun || is_first_of_noun(command + 1))
            fputs(" --help; return ;;\n", stdout);
    }
    fputs("        esac\n        ;;\n    esac\n", stdout);
}

static void put_word(const struct command *command)
{
    const int own = command->verb ? 2 : 1;
    printf("        if [ \"$words\" = %d ]; then ", own);
    if (strcmp(command->word, "FILE") == 0)
        fputs("_dcsctl_files", stdout);
    else
        put_choices(command->word);
    fputs("; fi\n", stdout);
}

static bool has_known_word(const struct command *command)
{
    return command->word &&
           (strcmp(command->word, "FILE") == 0 || command->run == command_completion);
}

static void put_commands(void)
{
    fputs("    case \"$noun $verb\" in\n", stdout);
    for (const struct command *command = commands; command->noun; command++) {
        printf("    '%s %s'%s)\n", command->noun, command->verb ? command->verb : "",
               command->verb ? "" : "*");
        if (has_known_word(command))
            put_word(command);
        fputs("        _dcsctl_offer --help --json --config", stdout);
        for (int i = 0; i < OPTION_COUNT; i++) {
            if (command->allowed & OPTION_BIT(i))
                printf(" %s", option_descriptions[i].name);
        }
        fputs(" ;;\n", stdout);
    }
    fputs("    esac\n", stdout);
}

static void put_script(const char *shell)
{
    printf("# Completion of dcsctl's words, made by 'dcsctl completion %s'.\n", shell);
    if (strcmp(shell, "zsh") == 0)
        fputs("autoload -U +X bashcompinit && bashcompinit\n", stdout);
    fputs(helpers, stdout);
    fputs(beginning, stdout);
    put_values();
    put_walk();
    put_nouns();
    put_commands();
    fputs(end, stdout);
}

int command_completion(struct cli *cli, struct error *err)
{
    if (strcmp(cli->word, "bash") != 0 && strcmp(cli->word, "zsh") != 0)
        return error_set(err, ERROR_INVALID_PARAMETER, "there is none for '%s': bash or zsh",
                         cli->word);
    if (cli->json)
        return error_set(err, ERROR_INVALID_PARAMETER,
                         "a script is no JSON: --json does not belong to this command");
    put_script(cli->word);
    return 0;
}
