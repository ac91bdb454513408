/*
 * The lock, in every mix of readers and writers: L1 to L4, and that nobody is
 * ever overtaken.
 *
 * Idea.  The lock asserts L1 to L4 around every critical section of its own
 * (checked), and the model checker finds whoever waits for ever (L3) and a
 * holder that is not excluded (L1: what it stores races with the others).
 * Besides, each holder compares its ticket with those that held before it:
 * a ticket below one of them, with which it is not compatible, was overtaken.
 * When the victim dies, at any step, everybody else still gets a turn (L5).
 *
 * Scripts.
 *   r w   acquire for reading, for writing, and release
 *   R W   the same, with a deadline that may pass at any moment
 *   k     look on: check all, and count who is there
 *   v     remove the dead; usually there are none
 *   xN    cancel the seat of thread N: its waits may answer so from then on
 *   s     once thread 0 sits, sit down on the first free seat from its seat on,
 *         also on its own if it dies meanwhile, and stand up
 */

#include <errno.h>
#include <string.h>

#include <heddle.h>

#include "cast.h"
#include "rwlock.h"

#define PLACE 3

static struct cast cast;
static struct seat seats[CAST_MAX + 1]; /* each thread's, and one for s */
static struct seat_totals totals;
static struct seat_table table = {
    .seats = seats, .totals = &totals, .checked = true};
static struct rwlock lock;

/* By the holder: the newest tickets that read, of each thread, and wrote. */
static uint64_t newest_reads[CAST_MAX];
static uint64_t newest_write;

static void
hold_for_writing(uint64_t ticket)
{
    heddle_assert(ticket > newest_write);
    for (uint32_t i = 0; i < cast.count; i++) {
        heddle_assert(ticket > newest_reads[i]);
    }
    newest_write = ticket;
}

static void
hold_for_reading(uint64_t ticket, uint32_t thread)
{
    heddle_assert(ticket > newest_write);
    newest_reads[thread] = ticket;
}

static void
take_turn(uint32_t thread, char letter)
{
    bool writes = letter == 'w' || letter == 'W';
    const struct timespec *deadline = cast_deadline(letter);
    int error = writes ? rwlock_wrlock(&table, &lock, thread, deadline)
                       : rwlock_rdlock(&table, &lock, thread, deadline);
    enum seat_state state = seat_state(&table, thread);
    if (error != 0) {
        heddle_assert(state == SEAT_IDLE); /* L4 */
        heddle_assert((error == ETIMEDOUT && deadline != NULL) ||
                      (error == ECANCELED && cast_has(&cast, 'x')));
        return;
    }
    heddle_assert(state == (writes ? SEAT_WRITING : SEAT_READING));
    uint64_t ticket =
        atomic_load_explicit(&seats[thread].ticket, memory_order_relaxed);
    if (writes) {
        hold_for_writing(ticket);
    } else {
        hold_for_reading(ticket, thread);
    }
    rwlock_unlock(&table, &lock, thread);
}

/* The seat is the caller's, idle and not cancelled, whoever had it. */
static void
sit_down_anywhere(void)
{
    uint32_t seat = SEAT_NONE;
    cast_await_first();
    int error = seat_take(&table, 0, &seat);
    heddle_assert(error == 0 || error == EOWNERDEAD);
    if (error == EOWNERDEAD) {
        rwlock_bury(&table, &lock, seat);
    }
    enum seat_state state = seat_state(&table, seat);
    bool cancelled = seat_is_cancelled(&table, seat);
    heddle_assert(state == SEAT_IDLE);
    heddle_assert(!cancelled);
    seat_leave(&table, seat);
}

static void
look_on(void)
{
    rwlock_check(&table, &lock);
    struct rwlock_counts counts = rwlock_count(&table, &lock);
    heddle_assert(counts.writers == 0 ||
                  (counts.writers == 1 && counts.readers == 0));
    heddle_assert(counts.readers + counts.writers + counts.waiting <=
                  cast.count);
}

/* Whoever stands or holds here and is dead is removed; the others go on. */
static void
recover(void)
{
    rwlock_recover(&table, &lock);
}

static void
act(uint32_t thread, char letter)
{
    if (letter == 's') {
        sit_down_anywhere();
    } else if (letter == 'k') {
        look_on();
    } else if (letter == 'v') {
        recover();
    } else {
        take_turn(thread, letter);
    }
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = SEAT_NONE;
    int error = seat_take(&table, thread, &seat);
    heddle_assert(error == 0);
    heddle_assert(seat == thread);
    cast_sits(&cast, thread);
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] != 'x') {
            act(thread, script[i]);
            continue;
        }
        i++;
        uint32_t other = (uint32_t)(script[i] - '0');
        if (seat_mark_cancelled(&table, other) == PLACE) {
            rwlock_cancel(&table, &lock, other);
        }
    }
    seat_leave(&table, seat);
}

int
main(int argc, char **argv)
{
    cast_read(&cast, argc, argv);
    table.count = cast.count + (cast_has(&cast, 's') ? 1 : 0);
    table.parking = cast.futex ? PARKING_FUTEX : PARKING_CONDITION;
    int error = seat_table_init(&table);
    heddle_assert(error == 0);
    error = rwlock_init(&lock, PLACE);
    heddle_assert(error == 0);
    cast_play(&cast, play, recover);
    rwlock_check(&table, &lock);
    struct rwlock_counts counts = rwlock_count(&table, &lock);
    heddle_assert(counts.readers == 0);
    heddle_assert(counts.writers == 0);
    heddle_assert(counts.waiting == 0);
    rwlock_fini(&lock);
    seat_table_fini(&table);
    return 0;
}
