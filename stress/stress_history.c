/*
 * Check histories for linearizability.  A bad one leaves its shortest bad part
 * beside it: FILE.bad-<mailbox>.txt, and as a picture FILE.bad-<mailbox>.svg.
 *
 * With --measure it checks a simulated history of a million operations.
 *
 * Exit status: 0 all good, 1 one is bad or undecided, 2 usage, or no history.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "excerpt.h"
#include "linearizability.h"
#include "moment.h"
#include "operation.h"
#include "simulation.h"

struct tally {
    size_t operations;
    size_t unknown;
    size_t widest;
    uint64_t steps;
    uint32_t mailboxes;
    uint32_t bad;
    uint32_t undecided;
};

static void
read_history(struct operations *history, const char *path)
{
    size_t line = 0;
    FILE *stream = fopen(path, "r");
    if (stream == NULL) {
        (void)fprintf(stderr, "stress_history: %s: %s\n", path,
                      strerror(errno));
        exit(2);
    }
    int error = operations_read(history, stream, &line);
    (void)fclose(stream);
    if (error != 0) {
        (void)fprintf(stderr, "stress_history: %s, line %zu: %s\n", path, line,
                      error == EINVAL ? "not a line of a history"
                                      : strerror(error));
        exit(2);
    }
}

static FILE *
beside(const char *path, uint32_t mailbox, const char *kind)
{
    char name[4096];
    (void)snprintf(name, sizeof(name), "%s.bad-%" PRIu32 ".%s", path, mailbox,
                   kind);
    FILE *stream = fopen(name, "w");
    if (stream == NULL) {
        (void)fprintf(stderr, "stress_history: %s: %s\n", name,
                      strerror(errno));
        exit(2);
    }
    return stream;
}

static void
leave_excerpt(const char *path, const struct operations *history,
              uint32_t mailbox, const struct linearizability_result *result)
{
    struct excerpt excerpt;
    excerpt_make(&excerpt, history, mailbox, result);
    FILE *text = beside(path, mailbox, "txt");
    excerpt_print(&excerpt, text);
    (void)fclose(text);
    FILE *picture = beside(path, mailbox, "svg");
    excerpt_draw(&excerpt, picture);
    (void)fclose(picture);
    printf("  its shortest bad part, %zu operations: "
           "%s.bad-%" PRIu32 ".txt and .svg\n",
           excerpt.operations.count, path, mailbox);
    excerpt_fini(&excerpt);
}

static void
check_mailbox(const char *path, const struct operations *history,
              uint32_t mailbox, struct tally *tally)
{
    struct linearizability_result result =
        linearizability_check(&linearizability_mailboxes, history, mailbox);
    tally->mailboxes++;
    tally->steps += result.steps;
    if (result.widest > tally->widest) {
        tally->widest = result.widest;
    }
    if (result.verdict == LINEARIZABILITY_BAD) {
        tally->bad++;
        printf("%s: mailbox %" PRIu32 " is not linearizable: nothing explains\n"
               "  ",
               path, mailbox);
        operation_print(&history->items[result.culprit], stdout);
        printf("\n");
        leave_excerpt(path, history, mailbox, &result);
    } else if (result.verdict == LINEARIZABILITY_UNDECIDED) {
        tally->undecided++;
        printf("%s: mailbox %" PRIu32 " is undecided: more than %u "
               "configurations at a time\n",
               path, mailbox, LINEARIZABILITY_CONFIGURATIONS_MAX);
    }
    linearizability_forget(&result);
}

static uint32_t
mailboxes_of(const struct operations *history)
{
    uint32_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        if (history->items[i].mailbox >= count) {
            count = history->items[i].mailbox + 1;
        }
    }
    return count;
}

/* A million operations that never were, to measure the checker with. */
static void
simulate(struct operations *history)
{
    struct simulation simulation = {.seed = 1,
                                    .operations_count = 1000000,
                                    .clients_count = 32,
                                    .mailboxes_count = 16,
                                    .mailbox_bytes = 1024,
                                    .unknown_per_mille = 0,
                                    .fault = SIMULATION_SOUND};
    (void)simulation_run(&simulation, history);
}

static bool
check(const char *path)
{
    struct operations history;
    struct tally tally = {.widest = 1};
    uint64_t began_ns = moment_now_ns();
    operations_init(&history);
    if (strcmp(path, "--measure") == 0) {
        simulate(&history);
    } else {
        read_history(&history, path);
    }
    uint64_t read_ns = moment_now_ns();
    uint32_t mailboxes = mailboxes_of(&history);
    for (uint32_t m = 0; m < mailboxes; m++) {
        check_mailbox(path, &history, m, &tally);
    }
    for (size_t i = 0; i < history.count; i++) {
        tally.unknown += history.items[i].outcome == OPERATION_UNKNOWN;
    }
    bool good = tally.bad == 0 && tally.undecided == 0;
    printf("%s: %s: %zu operations (%zu of unknown outcome), %" PRIu32
           " mailboxes, read in %.2f s, checked in %.2f s, %" PRIu64
           " steps, at most %zu configurations\n",
           path, good ? "good" : "BAD", history.count, tally.unknown,
           tally.mailboxes, (double)(read_ns - began_ns) / 1e9,
           (double)(moment_now_ns() - read_ns) / 1e9, tally.steps,
           tally.widest);
    operations_fini(&history);
    return good;
}

int
main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--measure") != 0)) {
        (void)fputs("usage: stress_history FILE...\n"
                    "       stress_history --measure\n"
                    "Check histories of operations for linearizability; or "
                    "measure how long\n"
                    "a simulated one of a million takes.\n",
                    argc < 2 ? stderr : stdout);
        return argc < 2 || strcmp(argv[1], "--help") != 0 ? 2 : 0;
    }
    for (int i = 1; i < argc; i++) {
        if (!check(argv[i])) {
            status = 1;
        }
    }
    return status;
}
