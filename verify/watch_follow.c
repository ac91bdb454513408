/*
 * The watch: whoever waits for a version is told of it (L3), and leaves no
 * trace (L4).
 *
 * Idea.  A watcher without a deadline follows the version up to the last one
 * that the scripts publish, so that a publication that it is not told of is a
 * deadlock.  Each answer is compared with the version that it speaks of.
 *
 * Scripts.
 *   p     publish the next version and notify, one publisher at a time
 *   n     wait for versions above the one known, until the last is there; with
 *         none published, until cancelled
 *   N     wait once, with a deadline that may pass at any moment
 *   k     look on: check all
 *   v     remove the dead; usually there are none
 *   xN    cancel the seat of thread N
 *   s     once thread 0 sits, sit down on the first free seat from its seat on,
 *         also on its own if it dies meanwhile
 */

#include <errno.h>
#include <semaphore.h>
#include <string.h>

#include <heddle.h>

#include "cast.h"
#include "guard.h"
#include "watch.h"

#define PLACE 7

static struct cast cast;
static struct seat seats[CAST_MAX + 1]; /* each thread's, and one for s */
static struct seat_totals totals;
static struct seat_table table = {
    .seats = seats, .totals = &totals, .checked = true};
static struct watch watch;
static sem_t seated[CAST_MAX];     /* who sits down forgets a cancellation */
static pthread_mutex_t publishing; /* as the mailbox's lock */
static _Atomic uint64_t version;
static uint64_t last;                 /* const */
static bool seat_cancelled[CAST_MAX]; /* some script cancels it; const */

static void
publish(void)
{
    bool died = guard_lock(&publishing);
    heddle_assert(!died);
    uint64_t next = atomic_load(&version) + 1;
    atomic_store(&version, next);
    watch_notify(&table, &watch, next);
    guard_unlock(&publishing);
}

static int
wait_above(uint32_t thread, uint64_t above, char letter)
{
    const struct timespec *deadline = cast_deadline(letter);
    int error = watch_wait(&table, &watch, thread, &version, above, deadline);
    enum seat_state state = seat_state(&table, thread);
    heddle_assert(state == SEAT_IDLE); /* L4 */
    if (error != 0) {
        heddle_assert((error == ETIMEDOUT && deadline != NULL) ||
                      (error == ECANCELED && seat_cancelled[thread]));
    }
    return error;
}

static void
follow(uint32_t thread, char letter)
{
    uint64_t known = 0;
    int error = 0;
    do {
        error = wait_above(thread, known, letter);
        uint64_t now = atomic_load(&version);
        if (error == 0) {
            heddle_assert(now > known);
        }
        known = letter == 'n' ? now : last;
    } while (known < last && error == 0);
}

static void
sit_down_anywhere(void)
{
    uint32_t seat = SEAT_NONE;
    cast_await_first();
    int error = seat_take(&table, 0, &seat);
    heddle_assert(error == 0 || error == EOWNERDEAD);
    if (error == EOWNERDEAD) {
        watch_bury(&table, &watch, seat);
    }
    enum seat_state state = seat_state(&table, seat);
    heddle_assert(state == SEAT_IDLE);
    seat_leave(&table, seat);
}

static void
cancel(uint32_t other)
{
    int error = sem_wait(&seated[other]);
    heddle_assert(error == 0);
    if (seat_mark_cancelled(&table, other) == PLACE) {
        watch_cancel(&table, &watch, other);
    }
}

static void
recover(void)
{
    watch_recover(&table, &watch);
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = SEAT_NONE;
    if (script[0] != 'x') {
        int error = seat_take(&table, thread, &seat);
        heddle_assert(error == 0);
        heddle_assert(seat == thread);
        error = sem_post(&seated[thread]);
        heddle_assert(error == 0);
        cast_sits(&cast, thread);
    }
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] == 'p') {
            publish();
        } else if (script[i] == 's') {
            sit_down_anywhere();
        } else if (script[i] == 'k') {
            watch_check(&table, &watch);
        } else if (script[i] == 'v') {
            recover();
        } else if (script[i] != 'x') {
            follow(thread, script[i]);
        } else {
            i++;
            cancel((uint32_t)(script[i] - '0'));
        }
    }
    if (script[0] != 'x') {
        seat_leave(&table, seat);
    }
}

/* What the scripts will do: the last version, and who is cancelled. */
static void
foresee(void)
{
    for (uint32_t i = 0; i < cast.count; i++) {
        for (const char *at = cast.scripts[i]; *at != '\0'; at++) {
            last += *at == 'p' ? 1 : 0;
            if (*at == 'x') {
                seat_cancelled[at[1] - '0'] = true;
            }
        }
    }
}

int
main(int argc, char **argv)
{
    cast_read(&cast, argc, argv);
    foresee();
    table.count = cast.count + (cast_has(&cast, 's') ? 1 : 0);
    table.parking = cast.futex ? PARKING_FUTEX : PARKING_CONDITION;
    int error = seat_table_init(&table);
    heddle_assert(error == 0);
    error = watch_init(&watch, PLACE);
    heddle_assert(error == 0);
    for (uint32_t i = 0; i < cast.count; i++) {
        error = sem_init(&seated[i], 0, 0);
        heddle_assert(error == 0);
    }
    error = guard_init(&publishing);
    heddle_assert(error == 0);
    cast_play(&cast, play, recover);
    uint64_t end = atomic_load(&version);
    heddle_assert(end == last);
    watch_check(&table, &watch);
    uint32_t listed = atomic_load(&watch.count);
    heddle_assert(listed == 0);
    guard_fini(&publishing);
    watch_fini(&watch);
    seat_table_fini(&table);
    return 0;
}
