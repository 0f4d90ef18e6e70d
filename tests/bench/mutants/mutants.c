/* Signed requests in all shapes of the contract's vectors, each of which must be accepted, and
 * changes of them, none of which may be.  What the change leaves the same as the contract sees it
 * (an encoding, the order of parameters, a header that is not signed) is no mutant and not counted.
 *
 *     dcs_bench_mutants VECTORS GENUINE MUTANTS [SEED]
 *
 * Ends with 1 where a mutant was accepted or a genuine one refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "judge.h"

struct tally {
    long verdicts[VERDICT_COUNT];
    long same;
};

static struct tally tallies[64];
static long wrong;

static void complain(const char *what, const char *change, struct text bytes)
{
    if (wrong++ < 5)
        printf("%s (%s):\n%.*s\n", what, change, (int)bytes.length, bytes.bytes);
}

static bool try_genuine(const struct message *message, struct judged *ret_judged, char *bytes)
{
    struct text text = {bytes, message_write(message, bytes)};
    enum verdict verdict = judge(text, message->project, message->now, ret_judged);
    if (verdict != VERDICT_ACCEPTED)
        complain("refused", verdict_names[verdict], text);
    return verdict == VERDICT_ACCEPTED;
}

/* Returns whether it was one. */
static bool try_mutant(const struct message *genuine, const struct judged *original,
                       const struct change *change, struct tally *tally)
{
    static char bytes[MESSAGE_BYTES_MAX];
    static struct judged judged;
    static struct message message;
    message = *genuine;
    if (change->message)
        change->message(&message);
    size_t length = message_write(&message, bytes);
    if (change->bytes)
        length = change->bytes(bytes, length);
    /* What is compared is exactly so long; what looks behind it is seen by AddressSanitizer. */
    char *copy = text_copy(bytes, length);
    struct text text = {copy, length};
    enum verdict verdict = judge(text, genuine->project, genuine->now, &judged);
    bool same = judge_is_same(original, VERDICT_ACCEPTED, &judged, verdict);
    tally->same += same;
    tally->verdicts[verdict] += !same;
    if (!same && verdict == VERDICT_ACCEPTED)
        complain("ACCEPTED", change->name, text);
    free(copy);
    return !same;
}

static void print(void)
{
    printf("%-20s %9s", "refused for", "the same");
    for (int i = 0; i < VERDICT_COUNT; i++)
        printf(" %14s", verdict_names[i]);
    for (size_t i = 0; i < change_count; i++) {
        printf("\n%-20s %9ld", changes[i].name, tallies[i].same);
        for (int j = 0; j < VERDICT_COUNT; j++)
            printf(" %14ld", tallies[i].verdicts[j]);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    static char bytes[MESSAGE_BYTES_MAX];
    static struct message message;
    static struct judged judged;
    if (argc < 4)
        return 2;
    json_t *fixture = json_load_file(argv[1], 0, NULL);
    const json_t *vectors = json_object_get(fixture, "vectors");
    long genuine = strtol(argv[2], NULL, 10), mutants = strtol(argv[3], NULL, 10);
    long accepted = 0, tried = 0;
    if (!vectors)
        return 2;
    random_seed(argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
    message_begin();
    for (long i = 0; i < genuine; i++) {
        message_make(vectors, &message);
        accepted += try_genuine(&message, &judged, bytes);
        for (size_t next = (size_t)tried; tried < mutants * (i + 1) / genuine;) {
            size_t change = next++ % change_count;
            tried += try_mutant(&message, &judged, &changes[change], &tallies[change]);
        }
    }
    print();
    printf("genuine: %ld of %ld accepted; mutants: %ld, %ld accepted\n", accepted, genuine, tried,
           wrong - (genuine - accepted));
    json_decref(fixture);
    return wrong ? 1 : 0;
}
