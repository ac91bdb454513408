/*
 * The permits: no more work than there are permits (Q1), whoever waits for one
 * is told when it comes back, and nobody's going on depends on another.
 *
 * Idea.  Each set counts who works with a permit of it, and at the end it has
 * all of them again.  One who does not give its permit back before all others
 * are done would be a deadlock, were a permit a lock.  Time passes only when
 * nobody can go on, if the checker is told so (--idle-time): then a permit that
 * comes back must be had by whoever waits, without any deadline.
 *
 * Scripts.
 *   b     a batch: take a permit, work, give it back
 *   s     the same, and stay at work until all b's are done; there are as many
 *         permits in a set as scripts with an s, and at least one
 *   t     before the others: deadlines may pass at any moment
 */

#include <semaphore.h>
#include <string.h>

#include <heddle.h>

#include "cast.h"
#include "permits.h"

static struct cast cast;
static struct permits permits;
static _Atomic uint32_t working[PERMITS_SETS];
static sem_t batches_done[CAST_MAX]; /* each s is told of each b */
static uint32_t batches;             /* const */
static bool deadlines_may_pass;      /* const */

static void
await_batches(uint32_t thread)
{
    for (uint32_t i = 0; i < batches; i++) {
        int error = sem_wait(&batches_done[thread]);
        heddle_assert(error == 0);
    }
}

static void
tell_of_batch(void)
{
    for (uint32_t i = 0; i < cast.count; i++) {
        if (strchr(cast.scripts[i], 's') != NULL) {
            int error = sem_post(&batches_done[i]);
            heddle_assert(error == 0);
        }
    }
}

static void
work(uint32_t thread, char letter)
{
    struct permits_set *taken = permits_take(&permits);
    if (!cast_has(&cast, 's') && !deadlines_may_pass) {
        heddle_assert(taken == &permits.sets[0]);
    }
    if (taken != NULL) {
        uint32_t others = atomic_fetch_add(&working[taken - permits.sets], 1);
        heddle_assert(others < permits.count);
    }
    if (letter == 's') {
        await_batches(thread);
    }
    if (taken != NULL) {
        atomic_fetch_sub(&working[taken - permits.sets], 1);
    }
    permits_give(taken);
    if (letter == 'b') {
        tell_of_batch();
    }
}

static void
play(uint32_t thread, const char *script)
{
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] != 't') {
            work(thread, script[i]);
        }
    }
}

/* Whoever dies takes the whole server along: nobody dies here. */
static void
recover(void)
{
}

static uint32_t
count_letters(char letter)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cast.count; i++) {
        for (const char *at = cast.scripts[i]; *at != '\0'; at++) {
            count += *at == letter ? 1 : 0;
        }
    }
    return count;
}

int
main(int argc, char **argv)
{
    cast_read(&cast, argc, argv);
    batches = count_letters('b');
    deadlines_may_pass = cast_has(&cast, 't');
    uint32_t stays = count_letters('s');
    for (uint32_t i = 0; i < cast.count; i++) {
        int error = sem_init(&batches_done[i], 0, 0);
        heddle_assert(error == 0);
    }
    permits_init(&permits, stays > 0 ? stays : 1);
    cast_play(&cast, play, recover);
    permits_check(&permits);
    permits_fini(&permits);
    return 0;
}
