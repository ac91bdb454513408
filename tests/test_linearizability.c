#include "linearizability.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "dice.h"
#include "excerpt.h"
#include "simulation.h"

#define HISTORIES "stress/histories"
#define TINY_MAX 9U
#define HEAD "history mailbox-bytes=9 packet-bytes=9\n"

static const struct linearizability_specification unaided = {
    model_init, model_step, model_equal, NULL};

static enum linearizability_verdict
verdict_by(const struct linearizability_specification *specification,
           const struct operations *history, uint32_t mailboxes)
{
    enum linearizability_verdict verdict = LINEARIZABILITY_GOOD;
    for (uint32_t m = 0; m < mailboxes; m++) {
        struct linearizability_result result =
            linearizability_check(specification, history, m);
        if (result.verdict != LINEARIZABILITY_GOOD) {
            verdict = result.verdict;
        }
        linearizability_forget(&result);
    }
    return verdict;
}

static enum linearizability_verdict
verdict_of(const struct operations *history, uint32_t mailboxes)
{
    return verdict_by(&linearizability_mailboxes, history, mailboxes);
}

static void
read_file(struct operations *history, const char *name)
{
    char path[512];
    size_t line = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", HISTORIES, name);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    operations_init(history);
    int error = operations_read(history, stream, &line);
    (void)fclose(stream);
    if (error != 0) {
        fail_msg("%s, line %zu: no history", path, line);
    }
}

static unsigned
check_files(const char *prefix, enum linearizability_verdict expected)
{
    unsigned count = 0;
    DIR *directory = opendir(HISTORIES);
    if (directory == NULL) {
        fail_msg("%s: run this from the top of the tree", HISTORIES);
        return 0;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        struct operations history;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        read_file(&history, entry->d_name);
        if (verdict_of(&history, 1) != expected ||
            verdict_by(&unaided, &history, 1) != expected) {
            fail_msg("%s is not found %s", entry->d_name,
                     linearizability_verdict_name(expected));
        }
        operations_fini(&history);
        count++;
    }
    (void)closedir(directory);
    return count;
}

static void
known_good_histories_are_good(void **state)
{
    (void)state;
    assert_true(check_files("good-", LINEARIZABILITY_GOOD) >= 7);
}

static void
known_bad_histories_are_bad(void **state)
{
    (void)state;
    assert_true(check_files("bad-", LINEARIZABILITY_BAD) >= 13);
}

static bool
simulate(struct operations *history, uint64_t seed, size_t count,
         unsigned unknown_per_mille, enum simulation_fault fault)
{
    struct simulation simulation = {.seed = seed,
                                    .operations_count = count,
                                    .clients_count = 12,
                                    .mailboxes_count = 2,
                                    .mailbox_bytes = 256,
                                    .unknown_per_mille = unknown_per_mille,
                                    .fault = fault};
    operations_init(history);
    return simulation_run(&simulation, history);
}

static void
simulated_histories_are_good(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct operations history;
        (void)simulate(&history, seed, 2000, 0, SIMULATION_SOUND);
        if (verdict_of(&history, 2) != LINEARIZABILITY_GOOD) {
            fail_msg("seed %u is not found good", (unsigned)seed);
        }
        operations_fini(&history);
    }
}

static void
histories_with_lost_answers_are_good(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct operations history;
        (void)simulate(&history, seed, 1000, 5, SIMULATION_SOUND);
        if (verdict_of(&history, 2) != LINEARIZABILITY_GOOD) {
            fail_msg("seed %u is not found good", (unsigned)seed);
        }
        operations_fini(&history);
    }
}

/* The excerpt is bad as well, can be read again, and is short. */
static void
check_excerpt(const struct operations *history, uint64_t seed)
{
    for (uint32_t m = 0; m < 2; m++) {
        struct linearizability_result result =
            linearizability_check(&linearizability_mailboxes, history, m);
        struct excerpt excerpt;
        struct operations again;
        size_t line = 0;
        if (result.verdict != LINEARIZABILITY_BAD) {
            linearizability_forget(&result);
            continue;
        }
        excerpt_make(&excerpt, history, m, &result);
        FILE *stream = tmpfile();
        assert_non_null(stream);
        excerpt_print(&excerpt, stream);
        rewind(stream);
        operations_init(&again);
        assert_int_equal(operations_read(&again, stream, &line), 0);
        (void)fclose(stream);
        assert_int_equal(again.count, excerpt.operations.count);
        if (verdict_of(&again, 2) != LINEARIZABILITY_BAD || again.count > 60) {
            fail_msg("seed %u: an excerpt of %zu operations", (unsigned)seed,
                     again.count);
        }
        operations_fini(&again);
        excerpt_fini(&excerpt);
        linearizability_forget(&result);
    }
}

static void
each_planted_fault_is_found(void **state)
{
    (void)state;
    for (int fault = SIMULATION_SOUND + 1; fault < SIMULATION_FAULTS; fault++) {
        unsigned planted = 0;
        for (uint64_t seed = 0; seed < 40; seed++) {
            struct operations history;
            if (simulate(&history, seed, 1000, 0,
                         (enum simulation_fault)fault)) {
                planted++;
                if (verdict_of(&history, 2) != LINEARIZABILITY_BAD) {
                    fail_msg(
                        "seed %u: %s is not found", (unsigned)seed,
                        simulation_fault_name((enum simulation_fault)fault));
                }
                check_excerpt(&history, seed);
            }
            operations_fini(&history);
        }
        assert_true(planted >= 20);
    }
}

/* Every order of a few operations, one after another, and nothing clever. */
static bool
try_all(const struct operations *history, struct model_state *at, unsigned done)
{
    bool finished = true;
    for (unsigned i = 0; i < history->count; i++) {
        const struct operation *o = &history->items[i];
        if ((done & 1U << i) != 0) {
            continue;
        }
        finished &= o->outcome == OPERATION_UNKNOWN;
        bool first = true;
        for (unsigned k = 0; k < history->count; k++) {
            first &= (done & 1U << k) != 0 ||
                     history->items[k].return_ns >= o->call_ns;
        }
        if (!first) {
            continue;
        }
        if (o->outcome == OPERATION_UNKNOWN &&
            try_all(history, at, done | 1U << i)) { /* it never happened */
            return true;
        }
        struct model_state *next = model_step(history, at, o);
        bool good = next != NULL && try_all(history, next, done | 1U << i);
        if (next != NULL) {
            model_drop(next);
        }
        if (good) {
            return true;
        }
    }
    return finished;
}

/* Change one answer, at random: the history may be good or bad then. */
static void
spoil(struct operations *history, struct dice *dice)
{
    struct operation *o = &history->items[dice_below(dice, history->count)];
    switch (dice_below(dice, 4)) {
    case 0:
        o->version += 1 - 2 * dice_below(dice, 2);
        break;
    case 1:
        o->call_ns -= dice_below(dice, 1500) % (o->call_ns + 1);
        break;
    case 2:
        o->outcome = OPERATION_UNKNOWN;
        o->return_ns = OPERATION_FOREVER;
        break;
    default:
        if (o->return_ns != OPERATION_FOREVER) {
            o->outcome = OPERATION_CONFLICT;
        }
    }
}

static void
the_verdict_is_that_of_trying_every_order(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        struct operations history;
        struct dice dice;
        struct simulation simulation = {.seed = seed,
                                        .operations_count = 5,
                                        .clients_count = 3,
                                        .mailboxes_count = 1,
                                        .mailbox_bytes = 20,
                                        .unknown_per_mille = 100};
        operations_init(&history);
        (void)simulation_run(&simulation, &history);
        dice_init(&dice, seed, 1);
        assert_true(history.count <= TINY_MAX);
        spoil(&history, &dice);
        struct model_state *first = model_init(&history, 0);
        bool good = try_all(&history, first, 0);
        model_drop(first);
        enum linearizability_verdict expected =
            good ? LINEARIZABILITY_GOOD : LINEARIZABILITY_BAD;
        if (verdict_of(&history, 1) != expected ||
            verdict_by(&unaided, &history, 1) != expected) {
            operations_print(&history, stderr);
            fail_msg("seed %u is %s", (unsigned)seed,
                     linearizability_verdict_name(expected));
        }
        bad += !good;
        operations_fini(&history);
    }
    assert_in_range(bad, 400, 3600);
}

static void
a_history_survives_being_written_and_read(void **state)
{
    (void)state;
    struct operations history;
    struct operations again;
    size_t line = 0;
    (void)simulate(&history, 7, 500, 50, SIMULATION_SOUND);
    operations_add_initial(&history, 9, 3, (const unsigned char *)"abc", 3);
    operations_init(&again);
    FILE *stream = tmpfile();
    assert_non_null(stream);
    operations_print(&history, stream);
    rewind(stream);
    assert_int_equal(operations_read(&again, stream, &line), 0);
    (void)fclose(stream);
    assert_int_equal(again.count, history.count);
    assert_int_equal(again.mailbox_bytes, 256);
    assert_int_equal(operations_initial(&again, 9)->version, 3);
    assert_int_equal(verdict_of(&again, 2), LINEARIZABILITY_GOOD);
    operations_fini(&again);
    operations_fini(&history);
}

static void
what_is_no_history_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0 0 1 2 look -> ok version=1\n", /* no head */
        "history mailbox-bytes=9\n",
        HEAD "0 0 1 - look -> busy\n",
        HEAD "0 0 2 1 look -> busy\n",
        HEAD "0 0 1 2 peek -> busy\n",
        HEAD "0 0 1 2 look -> never\n",
        HEAD "0 0 1 2 append \"a -> busy\n",
        HEAD "0 0 1 2 append hex:0 -> "
             "busy\n",
        HEAD "0 0 1 2 look -> busy more\n",
        HEAD "initial 0 version=1 abc\n",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct operations history;
        size_t line = 0;
        operations_init(&history);
        FILE *stream = tmpfile();
        assert_non_null(stream);
        (void)fputs(bad[i], stream);
        rewind(stream);
        if (operations_read(&history, stream, &line) == 0) {
            fail_msg("taken for a history: %s", bad[i]);
        }
        (void)fclose(stream);
        operations_fini(&history);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_good_histories_are_good),
        cmocka_unit_test(known_bad_histories_are_bad),
        cmocka_unit_test(simulated_histories_are_good),
        cmocka_unit_test(histories_with_lost_answers_are_good),
        cmocka_unit_test(each_planted_fault_is_found),
        cmocka_unit_test(the_verdict_is_that_of_trying_every_order),
        cmocka_unit_test(a_history_survives_being_written_and_read),
        cmocka_unit_test(what_is_no_history_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
