/*
 * Recovery of the watch: whoever dies, publishers and watchers alike, whoever
 * waits for a version that is published hears of it, and the seats can be had
 * again.
 *
 * Idea.  Publishers take turns by a robust mutex, as writers do by a mailbox's
 * lock.  A mortal one may die before, in, or behind the publication, and while
 * it tells the watchers.  The watch asserts its invariants around every
 * critical section (checked).  A watcher that never hears is a deadlock, or a
 * patient one that comes too late.  What main does in the end: as in
 * death_rwlock.c.
 *
 * Scripts.
 *   p     publish the next version and notify
 *   n     wait for version 1, which some immortal script must publish
 *   N     the same; it may end at any moment
 *   x     the same, patiently: it must be told before that is over
 *   v     remove the dead, as a server does now and then
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <heddle.h>

#include "guard.h"
#include "mortals.h"
#include "watch.h"

#define PLACE 7

static struct mortals mortals;
static struct seat seats[MORTALS_MAX];
static struct seat_totals totals;
static struct seat_table table = {
    .seats = seats, .totals = &totals, .checked = true, .now = mortals_now};
static struct watch watch;
static pthread_mutex_t publishing; /* as the mailbox's lock */
static _Atomic uint64_t version;

/* There are seats enough, once nobody dead is at the watch. */
static uint32_t
sit(uint32_t hint)
{
    uint32_t seat = SEAT_NONE;
    int error = seat_take(&table, hint, &seat);
    if (error == EAGAIN) {
        watch_recover(&table, &watch);
        error = seat_take(&table, hint, &seat);
    }
    if (error == EOWNERDEAD) {
        watch_bury(&table, &watch, seat);
    } else {
        heddle_assert(error == 0);
    }
    return seat;
}

/*
 * That the last publisher died changes nothing: its version is there or not,
 * and watchers look for themselves.
 */
static void
publish(void)
{
    if (guard_lock(&publishing)) {
        heddle_mark("takes the turn of a dead publisher");
    }
    uint64_t next = atomic_load(&version) + 1;
    atomic_store(&version, next);
    watch_notify(&table, &watch, next);
    guard_unlock(&publishing);
}

static void
follow(uint32_t seat, char letter)
{
    struct timespec memory;
    const struct timespec *deadline = mortals_deadline(letter, &memory);
    mortals_danger(true);
    int error = watch_wait(&table, &watch, seat, &version, 0, deadline);
    mortals_danger(false);
    enum seat_state state = seat_state(&table, seat);
    heddle_assert(state == SEAT_IDLE);
    if (error != 0) {
        heddle_assert(error == ETIMEDOUT);
        heddle_assert(mortals_may_be_late(letter));
        return;
    }
    uint64_t now = atomic_load(&version);
    heddle_assert(now > 0);
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = sit(thread);
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] == 'p') {
            publish();
        } else if (script[i] == 'v') {
            mortals_danger(true);
            watch_recover(&table, &watch);
            mortals_danger(false);
        } else {
            follow(seat, script[i]);
        }
    }
    seat_leave(&table, seat);
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
    error = watch_init(&watch, PLACE);
    heddle_assert(error == 0);
    error = guard_init(&publishing);
    heddle_assert(error == 0);
    mortals_play(&mortals, play);
    if (heddle_choose(2) == 0) {
        watch_recover(&table, &watch);
        uint32_t listed = atomic_load(&watch.count);
        heddle_assert(listed == 0);
    }
    for (uint32_t i = 0; i < table.count; i++) {
        mine[i] = sit(i);
    }
    watch_check(&table, &watch);
    uint32_t listed = atomic_load(&watch.count);
    heddle_assert(listed == 0);
    publish();
    follow(mine[0], 'x');
    for (uint32_t i = 0; i < table.count; i++) {
        seat_leave(&table, mine[i]);
    }
    guard_fini(&publishing);
    watch_fini(&watch);
    seat_table_fini(&table);
    return 0;
}
