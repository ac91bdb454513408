/*
 * The lock while its holder never lets go: whoever has a deadline or is
 * cancelled comes back all the same, and leaves no trace (L4).
 *
 * Idea.  The main thread holds the lock until every other thread has ended, so
 * that a time-out that is not noticed or a cancellation that is missed is a
 * deadlock, which the model checker reports.  A holder that reads lets through
 * the readers that stood behind a writer when that writer departs; those
 * readers end, because the writer does, and a lost wake-up is again a deadlock.
 *
 * Scripts: the first letter of the first one says how the main thread holds (r
 * or w), and is no operation.
 *   r w   acquire and release: must be let through, or cancelled
 *   R W   the same, with a deadline that may pass at any moment
 *   xN    cancel the seat of thread N
 */

#include <semaphore.h>
#include <string.h>

#include <heddle.h>

#include "cast.h"
#include "rwlock.h"

#define PLACE 5

static struct cast cast;
static struct seat seats[CAST_MAX + 1];
static struct seat_totals totals;
static struct seat_table table = {
    .seats = seats, .totals = &totals, .checked = true};
static struct rwlock lock;
static sem_t seated[CAST_MAX];

static void
try_turn(uint32_t thread, char letter)
{
    bool writes = letter == 'w' || letter == 'W';
    const struct timespec *deadline = cast_deadline(letter);
    int error = writes ? rwlock_wrlock(&table, &lock, thread, deadline)
                       : rwlock_rdlock(&table, &lock, thread, deadline);
    heddle_assert(error != 0 || !writes);
    if (error == 0) {
        rwlock_unlock(&table, &lock, thread);
    }
    enum seat_state state = seat_state(&table, thread);
    heddle_assert(state == SEAT_IDLE);
}

static void
cancel(uint32_t other)
{
    if (seat_mark_cancelled(&table, other) == PLACE) {
        rwlock_cancel(&table, &lock, other);
    }
}

static void
sit(uint32_t seat)
{
    uint32_t taken = SEAT_NONE;
    int error = seat_take(&table, seat, &taken);
    heddle_assert(error == 0);
    heddle_assert(taken == seat);
}

/* Who sits down forgets a cancellation: so only who sits is cancelled. */
static void
play(uint32_t thread, const char *script)
{
    if (script[0] == 'x') {
        uint32_t other = (uint32_t)(script[1] - '0');
        int error = sem_wait(&seated[other]);
        heddle_assert(error == 0);
        cancel(other);
        return;
    }
    sit(thread);
    int error = sem_post(&seated[thread]);
    heddle_assert(error == 0);
    for (size_t i = thread == 0 ? 1 : 0; i < strlen(script); i++) {
        try_turn(thread, script[i]);
    }
    seat_leave(&table, thread);
}

static void
recover(void)
{
    rwlock_recover(&table, &lock);
}

int
main(int argc, char **argv)
{
    cast_read(&cast, argc, argv);
    uint32_t own = cast.count;
    table.count = cast.count + 1;
    table.parking = cast.futex ? PARKING_FUTEX : PARKING_CONDITION;
    int error = seat_table_init(&table);
    heddle_assert(error == 0);
    error = rwlock_init(&lock, PLACE);
    heddle_assert(error == 0);
    for (uint32_t i = 0; i < cast.count; i++) {
        error = sem_init(&seated[i], 0, 0);
        heddle_assert(error == 0);
    }
    sit(own);
    error = cast.scripts[0][0] == 'w' ? rwlock_wrlock(&table, &lock, own, NULL)
                                      : rwlock_rdlock(&table, &lock, own, NULL);
    heddle_assert(error == 0);
    cast_play(&cast, play, recover);
    rwlock_check(&table, &lock);
    struct rwlock_counts counts = rwlock_count(&table, &lock);
    heddle_assert(counts.readers + counts.writers == 1);
    heddle_assert(counts.waiting == 0);
    rwlock_unlock(&table, &lock, own);
    seat_leave(&table, own);
    rwlock_fini(&lock);
    seat_table_fini(&table);
    return 0;
}
