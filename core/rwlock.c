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

int
rwlock_init(struct rwlock *lock, uint32_t place)
{
    assert(place != SEAT_NOWHERE);
    lock->next_ticket = 1;
    seat_list_init(&lock->queue);
    seat_list_init(&lock->holders);
    lock->writers = 0;
    lock->place = place;
    atomic_init(&lock->recoveries, 0);
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

/* Take a seat that is in the queue or holds out of the lock's lists. */
static void
unlist(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    enum seat_state state = seat_state(seats, seat);
    if (is_queued(state)) {
        seat_list_remove(seats, &lock->queue, seat);
        return;
    }
    seat_list_remove(seats, &lock->holders, seat);
    lock->writers -= state == SEAT_WRITING ? 1 : 0;
}

/* Is this seat, in a list of ours and not the caller's, dead?  Then it goes. */
static bool
remove_if_dead(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    if (!seat_is_dead(seats, seat)) {
        return false;
    }
    unlist(seats, lock, seat);
    seat_free_dead(seats, seat);
    seat_count_recovery(seats, &lock->recoveries);
    return true;
}

static void
wake_if_any(struct seat_table *seats, uint32_t seat)
{
    if (seat != SEAT_NONE) {
        seat_wake(seats, seat);
    }
}

/*
 * Admit all that can be admitted (L3).  The dead are passed over.  `self` is
 * the caller's seat, which lives and is awake; the others may be asleep.  All
 * but the last are woken; that one, or SEAT_NONE, is told, for the caller to
 * wake it when the guard is free: it wants the guard as soon as it wakes.
 */
static uint32_t
admit_owing_a_wake(struct seat_table *seats, struct rwlock *lock, uint32_t self)
{
    uint32_t owed = SEAT_NONE;
    while (lock->queue.count > 0) {
        uint32_t head = lock->queue.head;
        if (!is_admissible(lock, seat_state(seats, head))) {
            break;
        }
        if (head != self && remove_if_dead(seats, lock, head)) {
            continue;
        }
        admit_head(seats, lock);
        if (head != self) {
            wake_if_any(seats, owed);
            owed = head;
        }
    }
    return owed;
}

/* Admit, and wake all who may be asleep. */
static void
admit(struct seat_table *seats, struct rwlock *lock, uint32_t self)
{
    wake_if_any(seats, admit_owing_a_wake(seats, lock, self));
}

static void
remove_dead_of(struct seat_table *seats, struct rwlock *lock,
               const struct seat_list *list)
{
    uint32_t current = list->head;
    for (uint32_t i = list->count; i > 0; i--) {
        uint32_t next = seat_at(seats, current)->next;
        (void)remove_if_dead(seats, lock, current);
        current = next;
    }
}

/*
 * Remove whoever is dead and in the way of the queue's head, and admit (L5).
 * `self`, if it is at the lock at all, is in the queue.
 */
static void
recover(struct seat_table *seats, struct rwlock *lock, uint32_t self)
{
    remove_dead_of(seats, lock, &lock->holders);
    while (lock->queue.count > 0 && lock->queue.head != self &&
           remove_if_dead(seats, lock, lock->queue.head)) {
    }
    admit(seats, lock, self);
}

/* List a seat by its ticket. */
static void
list_again(struct seat_table *seats, struct seat_list *list, uint32_t seat)
{
    uint64_t ticket = atomic_load(&seat_at(seats, seat)->ticket);
    uint32_t before = list->head;
    for (uint32_t i = 0; i < list->count; i++) {
        if (atomic_load(&seat_at(seats, before)->ticket) > ticket) {
            break;
        }
        before = seat_at(seats, before)->next;
    }
    seat_list_insert(seats, list, before, seat);
}

/*
 * Somebody died with the guard held: nothing derived is to be trusted.  Make
 * it anew from what the seats of this place say of themselves.  No seat can
 * come here or go meanwhile, for that takes the guard.  Whoever holds may have
 * been admitted by the dead and not told, so each is woken.
 */
static void
rebuild(struct seat_table *seats, struct rwlock *lock)
{
    seat_list_init(&lock->queue);
    seat_list_init(&lock->holders);
    lock->writers = 0;
    for (uint32_t i = 0; i < seats->count; i++) {
        enum seat_state state = seat_state(seats, i);
        const struct seat *seat = seat_at(seats, i);
        if (atomic_load(&seat->place) != lock->place) {
            continue;
        }
        if (atomic_load(&seat->ticket) >= lock->next_ticket) {
            lock->next_ticket = atomic_load(&seat->ticket) + 1;
        }
        if (is_queued(state)) {
            list_again(seats, &lock->queue, i);
        } else if (state != SEAT_IDLE) {
            list_again(seats, &lock->holders, i);
            lock->writers += state == SEAT_WRITING ? 1 : 0;
            seat_wake(seats, i);
        }
    }
    seat_count_recovery(seats, &lock->recoveries);
    recover(seats, lock, SEAT_NONE);
}

/*
 * Lock the guard; what it guards is sound then.  Usually nobody has it: that
 * way is seat_lock_guard without its calls, as the one out is guard_unlock, for
 * the two are most of what a lock costs for which nobody contends.
 */
static void
enter(struct seat_table *seats, struct rwlock *lock)
{
    int error = seats->parking == PARKING_FUTEX
                    ? pthread_mutex_trylock(&lock->guard)
                    : pthread_mutex_lock(&lock->guard);
    bool died = false;
    if (error == EBUSY) {
        died = seat_lock_guard(seats, &lock->guard);
    } else if (error != 0) {
        died = guard_locked(&lock->guard, error);
    }
    if (died) {
        rebuild(seats, lock);
    }
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
    int error = pthread_mutex_unlock(&lock->guard);
    assert(error == 0);
}

/* Leave the queue from wherever the seat stands (L4). */
static void
depart(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    (void)seat_depart(seats, seat, lock->place, &lock->queue);
    admit(seats, lock, seat);
}

/* Sleep, and look for the dead whenever that did not bring the turn. */
static int
sleep_once(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
           const struct timespec *deadline)
{
    long nap_ns = lock->queue.head == seat ? RWLOCK_NAP_HEAD_NS : RWLOCK_NAP_NS;
    if (seats->checked) {
        check_guarded(seats, lock);
    }
    int error = seat_sleep(seats, seat, &lock->guard, deadline, nap_ns);
    if (error == EOWNERDEAD) {
        rebuild(seats, lock);
        return 0;
    }
    if (is_queued(seat_state(seats, seat))) {
        recover(seats, lock, seat);
    }
    return error;
}

/*
 * Sleep until admitted.  A turn that was given in the same moment as the
 * deadline passed is kept: the state decides, not what the sleep returned.
 * Apart from acquire, which would save registers for it that a lock at once
 * does not need.
 */
static int __attribute__((noinline))
await_turn(struct seat_table *seats, struct rwlock *lock, uint32_t seat,
           const struct timespec *deadline)
{
    struct seat *self = seat_at(seats, seat);
    int error = 0;
    atomic_store(&self->waiting, lock->place);
    recover(seats, lock, seat);
    while (is_queued(seat_state(seats, seat)) && error == 0) {
        if (seat_is_cancelled(seats, seat)) {
            error = ECANCELED;
            break;
        }
        error = sleep_once(seats, lock, seat, deadline);
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
    uint64_t ticket = lock->next_ticket;
    lock->next_ticket++;
    if (lock->queue.count == 0 && is_admissible(lock, queued)) {
        bool writes = queued == SEAT_QUEUED_WRITE;
        lock->writers += writes ? 1 : 0;
        seat_arrive(seats, seat, writes ? SEAT_WRITING : SEAT_READING,
                    lock->place, ticket, &lock->holders);
    } else {
        seat_arrive(seats, seat, queued, lock->place, ticket, &lock->queue);
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
    enum seat_state state =
        seat_depart(seats, seat, lock->place, &lock->holders);
    assert(state == SEAT_READING || state == SEAT_WRITING);
    lock->writers -= state == SEAT_WRITING ? 1 : 0;
    uint32_t owed = admit_owing_a_wake(seats, lock, seat);
    leave(seats, lock);
    wake_if_any(seats, owed);
}

void
rwlock_cancel(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    enter(seats, lock);
    struct seat *cancelled = seat_at(seats, seat);
    if (is_queued(seat_state(seats, seat)) &&
        atomic_load(&cancelled->place) == lock->place) {
        seat_wake(seats, seat);
    }
    leave(seats, lock);
}

/* Somebody may have admitted them, and died before it woke them. */
static void
wake_holders(struct seat_table *seats, const struct rwlock *lock)
{
    uint32_t current = lock->holders.head;
    for (uint32_t i = 0; i < lock->holders.count; i++) {
        seat_wake(seats, current);
        current = seat_at(seats, current)->next;
    }
}

void
rwlock_recover(struct seat_table *seats, struct rwlock *lock)
{
    enter(seats, lock);
    remove_dead_of(seats, lock, &lock->queue);
    recover(seats, lock, SEAT_NONE);
    wake_holders(seats, lock);
    leave(seats, lock);
}

void
rwlock_bury(struct seat_table *seats, struct rwlock *lock, uint32_t seat)
{
    enter(seats, lock);
    if (seat_state(seats, seat) != SEAT_IDLE) {
        unlist(seats, lock, seat);
        seat_set_state(seats, seat, SEAT_IDLE);
        seat_count_recovery(seats, &lock->recoveries);
    }
    seat_settle(seats, seat);
    admit(seats, lock, seat);
    leave(seats, lock);
}

int
rwlock_sit(struct seat_table *seats, struct rwlock *lock, uint32_t hint,
           uint32_t *seat)
{
    int error = seat_take(seats, hint, seat);
    if (error == EAGAIN) {
        rwlock_recover(seats, lock);
        error = seat_take(seats, hint, seat);
    }
    if (error == EOWNERDEAD) {
        rwlock_bury(seats, lock, *seat);
        return 0;
    }
    return error;
}

struct rwlock_counts
rwlock_count(struct seat_table *seats, struct rwlock *lock)
{
    enter(seats, lock);
    struct rwlock_counts counts = {
        .readers = lock->holders.count - lock->writers,
        .writers = lock->writers,
        .waiting = lock->queue.count,
    };
    leave(seats, lock);
    return counts;
}

void
rwlock_check(struct seat_table *seats, struct rwlock *lock)
{
    enter(seats, lock);
    check_guarded(seats, lock);
    leave(seats, lock);
}
