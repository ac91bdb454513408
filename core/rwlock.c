#include "rwlock.h"

#include <errno.h>

#include "guard.h"

static bool
is_queued(enum seat_state state)
{
    return state == SEAT_QUEUED_READ || state == SEAT_QUEUED_WRITE;
}

/* Would an acquirer in this queued state be compatible with the holders? */
static bool
is_admissible(const struct rwlock *lock, enum seat_state queued)
{
    if (queued == SEAT_QUEUED_WRITE) {
        return lock->holders.count == 0;
    }
    return lock->writers == 0;
}

static void
check_holders(const struct seat_table *seats, const struct rwlock *lock)
{
    uint32_t writers = 0;
    uint32_t current = lock->holders.head;
    for (uint32_t i = 0; i < lock->holders.count; i++) {
        const struct seat *holder = seat_at(seats, current);
        if (seat_state(seats, current) == SEAT_WRITING) {
            writers++;
        } else {
            assert(seat_state(seats, current) == SEAT_READING);
        }
        assert(atomic_load(&holder->place) == lock->place);
        if (lock->queue.count > 0) { /* L2 */
            assert(atomic_load(&holder->ticket) <
                   atomic_load(&seat_at(seats, lock->queue.head)->ticket));
        }
        current = holder->next;
    }
    assert(writers == lock->writers);
    if (writers > 0) { /* L1 */
        assert(lock->holders.count == 1);
    }
}

static void
check_queue(const struct seat_table *seats, const struct rwlock *lock)
{
    uint64_t least = 0;
    uint32_t current = lock->queue.head;
    for (uint32_t i = 0; i < lock->queue.count; i++) {
        const struct seat *waiter = seat_at(seats, current);
        assert(is_queued(seat_state(seats, current)));
        assert(atomic_load(&waiter->place) == lock->place);
        assert(atomic_load(&waiter->ticket) >= least); /* L2 */
        least = atomic_load(&waiter->ticket) + 1;
        current = waiter->next;
    }
    assert(least <= lock->next_ticket);
    if (lock->queue.count > 0) { /* L3 */
        assert(!is_admissible(lock, seat_state(seats, lock->queue.head)));
    }
}

/*
 * L4: the lists hold all the seats that say they are here.  No seat can come
 * here or go while the guard is held, so the seats of other places may change
 * under this walk without harm.
 */
static void
check_seats(const struct seat_table *seats, const struct rwlock *lock)
{
    uint32_t queued = 0;
    uint32_t holding = 0;
    for (uint32_t i = 0; i < seats->count; i++) {
        enum seat_state state = seat_state(seats, i);
        if (atomic_load(&seat_at(seats, i)->place) != lock->place) {
            continue;
        }
        queued += is_queued(state) ? 1 : 0;
        holding += state == SEAT_READING || state == SEAT_WRITING ? 1 : 0;
    }
    assert(queued == lock->queue.count);
    assert(holding == lock->holders.count);
}

static void
check_guarded(const struct seat_table *seats, const struct rwlock *lock)
{
    seat_list_check(seats, &lock->queue);
    seat_list_check(seats, &lock->holders);
    check_holders(seats, lock);
    check_queue(seats, lock);
    check_seats(seats, lock);
}

static void
enter(const struct seat_table *seats, struct rwlock *lock)
{
    guard_lock(&lock->guard);
    if (seats->checked) {
        check_guarded(seats, lock);
    }
}

static void
leave(const struct seat_table *seats, struct rwlock *lock)
{
    if (seats->checked) {
        check_guarded(seats, lock);
    }
    guard_unlock(&lock->guard);
}

int
rwlock_init(struct rwlock *lock, uint32_t place)
{
    assert(place != SEAT_NOWHERE);
    lock->next_ticket = 1;
    seat_list_init(&lock->queue);
    seat_list_init(&lock->holders);
    lock->writers = 0;
    lock->place = place;
    return guard_init(&lock->guard);
}

void
rwlock_fini(struct rwlock *lock)
{
    assert(lock->queue.count == 0);
    assert(lock->holders.count == 0);
    guard_fini(&lock->guard);
}

/* Move the head of the queue to the holders.  Its owner holds from here on. */
static void
admit_head(struct seat_table *seats, struct rwlock *lock)
{
    uint32_t head = lock->queue.head;
    bool writes = seat_state(seats, head) == SEAT_QUEUED_WRITE;
    seat_list_remove(seats, &lock->queue, head);
    seat_list_append(seats, &lock->holders, head);
    lock->writers += writes ? 1 : 0;
    seat_set_state(seats, head, writes ? SEAT_WRITING : SEAT_READING);
}

/* Admit all that can be admitted, and wake those that may be asleep (L3). */
static void
admit(struct seat_table *seats, struct rwlock *lock, uint32_t self)
{
    while (lock->queue.count > 0) {
        uint32_t head = lock->queue.head;
        if (!is_admissible(lock, seat_state(seats, head))) {
            return;
        }
        admit_head(seats, lock);
        if (head != self) {
            parking_wake(&seat_at(seats, head)->parking);
        }
    }
}

/* Leave the queue from wherever the seat stands (L4). */
static void
depart(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    seat_list_remove(seats, &lock->queue, seat);
    seat_set_state(seats, seat, SEAT_IDLE);
    admit(seats, lock, seat);
}

/*
 * Sleep until admitted.  A turn that was given in the same moment as the
 * deadline passed is kept: the state decides, not what the sleep returned.
 */
static int
await_turn(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
           const struct timespec *deadline)
{
    struct seat *self = seat_at(seats, seat);
    int error = 0;
    atomic_store(&self->waiting, lock->place);
    while (is_queued(seat_state(seats, seat)) && error == 0) {
        if (seat_is_cancelled(seats, seat)) {
            error = ECANCELED;
            break;
        }
        if (seats->checked) {
            check_guarded(seats, lock);
        }
        error = parking_wait(&self->parking, &lock->guard, deadline);
    }
    atomic_store(&self->waiting, SEAT_NOWHERE);
    if (!is_queued(seat_state(seats, seat))) {
        return 0;
    }
    depart(seats, lock, seat);
    return error;
}

static int
acquire(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
        enum seat_state queued, const struct timespec *deadline)
{
    int error = 0;
    enter(seats, lock);
    seat_enter(seats, seat, queued, lock->place, lock->next_ticket);
    lock->next_ticket++;
    seat_list_append(seats, &lock->queue, seat);
    admit(seats, lock, seat);
    if (is_queued(seat_state(seats, seat))) {
        error = await_turn(seats, lock, seat, deadline);
    }
    leave(seats, lock);
    return error;
}

int
rwlock_rdlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
              const struct timespec *deadline)
{
    return acquire(seats, lock, seat, SEAT_QUEUED_READ, deadline);
}

int
rwlock_wrlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
              const struct timespec *deadline)
{
    return acquire(seats, lock, seat, SEAT_QUEUED_WRITE, deadline);
}

void
rwlock_unlock(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    enter(seats, lock);
    enum seat_state state = seat_state(seats, seat);
    assert(state == SEAT_READING || state == SEAT_WRITING);
    assert(atomic_load(&seat_at(seats, seat)->place) == lock->place);
    seat_list_remove(seats, &lock->holders, seat);
    lock->writers -= state == SEAT_WRITING ? 1 : 0;
    seat_set_state(seats, seat, SEAT_IDLE);
    admit(seats, lock, seat);
    leave(seats, lock);
}

void
rwlock_cancel(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    enter(seats, lock);
    struct seat *cancelled = seat_at(seats, seat);
    if (is_queued(seat_state(seats, seat)) &&
        atomic_load(&cancelled->place) == lock->place) {
        parking_wake(&cancelled->parking);
    }
    leave(seats, lock);
}

struct rwlock_counts
rwlock_count(struct rwlock *lock)
{
    guard_lock(&lock->guard);
    struct rwlock_counts counts = {
        .readers = lock->holders.count - lock->writers,
        .writers = lock->writers,
        .waiting = lock->queue.count,
    };
    guard_unlock(&lock->guard);
    return counts;
}

void
rwlock_check(const struct seat_table *seats, struct rwlock *lock)
{
    guard_lock(&lock->guard);
    check_guarded(seats, lock);
    guard_unlock(&lock->guard);
}
