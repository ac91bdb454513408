/*
 * Recovery of the lock (L5): whoever dies, at whatever step, the others get
 * the lock in the end, by themselves, and the seats can be had again.
 *
 * Idea.  The lock asserts L1 to L4 around every critical section (checked), and
 * after a rebuild.  A survivor that never gets the lock is a deadlock, or a
 * patient one that comes too late.  What holders store races if two hold that
 * must not.  In the end, main puts the rest in order, either by rwlock_recover
 * or by sitting down and burying, and then nobody is queued or holds, every
 * seat is free, and the lock can be had.
 *
 * Scripts.
 *   r w   acquire for reading, for writing, and release; R W, x y: as in
 *         mortals.h
 *   v     remove the dead, as a server does now and then
 */

#include <errno.h>
#include <string.h>

#include <heddle.h>

#include "mortals.h"
#include "rwlock.h"

#define PLACE 3

static struct mortals mortals;
static struct seat seats[MORTALS_MAX];
static struct seat_totals totals;
static struct seat_table table = {
    .seats = seats, .totals = &totals, .checked = true, .now = mortals_now};
static struct rwlock lock;
static uint64_t written; /* under the lock */

/* There are seats enough, once nobody dead is at the lock. */
static uint32_t
sit(uint32_t hint)
{
    uint32_t seat = SEAT_NONE;
    int error = rwlock_sit(&table, &lock, hint, &seat);
    heddle_assert(error == 0);
    return seat;
}

static void
take_turn(uint32_t seat, char letter)
{
    struct timespec memory;
    const struct timespec *deadline = mortals_deadline(letter, &memory);
    bool writes = strchr("wWy", letter) != NULL;
    mortals_danger(true);
    int error = writes ? rwlock_wrlock(&table, &lock, seat, deadline)
                       : rwlock_rdlock(&table, &lock, seat, deadline);
    mortals_danger(false);
    enum seat_state state = seat_state(&table, seat);
    if (error != 0) {
        heddle_assert(error == ETIMEDOUT);
        heddle_assert(mortals_may_be_late(letter));
        heddle_assert(state == SEAT_IDLE);
        return;
    }
    heddle_assert(state == (writes ? SEAT_WRITING : SEAT_READING));
    if (writes) {
        written++;
    } else {
        uint64_t seen = written;
        (void)seen;
    }
    rwlock_unlock(&table, &lock, seat);
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = sit(thread);
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] == 'v') {
            mortals_danger(true);
            rwlock_recover(&table, &lock);
            mortals_danger(false);
        } else {
            take_turn(seat, script[i]);
        }
    }
    seat_leave(&table, seat);
}

static void
nobody_is_there(void)
{
    struct rwlock_counts counts = rwlock_count(&table, &lock);
    heddle_assert(counts.readers == 0);
    heddle_assert(counts.writers == 0);
    heddle_assert(counts.waiting == 0);
}

int
main(int argc, char **argv)
{
    uint32_t mine[MORTALS_MAX];
    mortals_read(&mortals, argc, argv);
    table.count = mortals.count;
    table.parking = mortals.futex ? PARKING_FUTEX : PARKING_CONDITION;
    int error = seat_table_init(&table);
    heddle_assert(error == 0);
    error = rwlock_init(&lock, PLACE);
    heddle_assert(error == 0);
    mortals_play(&mortals, play);
    if (heddle_choose(2) == 0) {
        rwlock_recover(&table, &lock);
        nobody_is_there();
    }
    for (uint32_t i = 0; i < table.count; i++) {
        mine[i] = sit(i);
    }
    nobody_is_there();
    take_turn(mine[0], 'y');
    for (uint32_t i = 0; i < table.count; i++) {
        seat_leave(&table, mine[i]);
    }
    rwlock_fini(&lock);
    seat_table_fini(&table);
    return 0;
}
