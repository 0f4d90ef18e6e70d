/* What dcsctl takes from its command line, a word a line, and what of a tenant it shows on a
 * terminal. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "fuzz.h"
#include "printable.h"
#include "scan_keys.h"

enum { WORDS_MAX = 64, WIDTH_MAX = 24 };

static bool is_one_of(const char *text, char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (text >= words[i] && text <= words[i] + strlen(words[i]))
            return true;
    }
    return false;
}

static void check_arguments(char *const *words, int count)
{
    static struct arguments arguments;
    struct error err = {0};
    if (arguments_parse(count, words, &arguments, &err) < 0) {
        assert(err.code == ERROR_INVALID_PARAMETER && err.text[0]);
        return;
    }
    assert(arguments.word_count >= 0 && arguments.word_count <= ARGUMENTS_WORDS_MAX);
    for (int i = 0; i < arguments.word_count; i++)
        assert(is_one_of(arguments.words[i], words, count));
    for (int option = 0; option < OPTION_COUNT; option++) {
        const char *value = arguments_value(&arguments, (enum option)option);
        assert(arguments.counts[option] >= 0 && arguments.counts[option] <= ARGUMENTS_VALUES_MAX);
        assert(arguments.counts[option] <= option_descriptions[option].most);
        assert(!value || is_one_of(value, words, count));
        assert(arguments_check(&arguments, ~OPTION_BIT(option), 0, &err) ==
               (arguments.counts[option] > 0 ? -1 : 0));
        err = (struct error){0};
    }
}

/* No control character, C0 nor C1, gets to the terminal. */
static void check_printable(struct text text)
{
    size_t width, characters = 0;
    char *shown = printable_copy(text, WIDTH_MAX, &width);
    size_t length = strlen(shown);
    assert(text_is_utf8(shown, length) && width <= WIDTH_MAX + 1);
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)shown[i];
        assert(c >= 0x20 && c != 0x7f);
        assert(c != 0xc2 || (unsigned char)shown[i + 1] >= 0xa0);
        i += text_utf8_width(shown + i, length - i);
        characters++;
    }
    assert(characters == width);
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct text rest = {(const char *)bytes, length};
    char *words[WORDS_MAX + 1] = {0};
    int count = 0;
    check_printable(rest);
    (void)scan_keys_is_binary(rest);
    words[count++] = fuzz_terminated(TEXT("dcsctl"));
    while (rest.length > 0 && count < WORDS_MAX)
        words[count++] = fuzz_terminated(fuzz_cut(&rest, '\n'));
    check_arguments(words, count);
    for (int i = 0; i < count; i++)
        free(words[i]);
    return 0;
}
