#include "seat.h"

#include <errno.h>
#include <stddef.h>

#include "guard.h"

static int
seat_init(struct seat *seat, enum parking_kind kind)
{
    int error = guard_init(&seat->alive);
    if (error != 0) {
        return error;
    }
    error = parking_init(&seat->parking, kind);
    if (error != 0) {
        guard_fini(&seat->alive);
        return error;
    }
    atomic_init(&seat->state, SEAT_IDLE);
    atomic_init(&seat->place, SEAT_NOWHERE);
    atomic_init(&seat->ticket, 0);
    atomic_init(&seat->watched, 0);
    atomic_init(&seat->waiting, SEAT_NOWHERE);
    atomic_init(&seat->cancelled, 0);
    seat->next = SEAT_NONE;
    seat->prev = SEAT_NONE;
    return 0;
}

static void
seat_fini(struct seat *seat, enum parking_kind kind)
{
    parking_fini(&seat->parking, kind);
    guard_fini(&seat->alive);
}

static void
fini_seats(struct seat_table *table, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        seat_fini(&table->seats[i], table->parking);
    }
}

int
seat_table_init(struct seat_table *table)
{
    assert(table->count < SEAT_NONE);
    atomic_init(&table->totals->recoveries, 0);
    for (uint32_t i = 0; i < table->count; i++) {
        int error = seat_init(&table->seats[i], table->parking);
        if (error != 0) {
            fini_seats(table, i);
            return error;
        }
    }
    return 0;
}

void
seat_table_fini(struct seat_table *table)
{
    fini_seats(table, table->count);
}

struct seat *
seat_at(const struct seat_table *table, uint32_t seat)
{
    assert(seat < table->count); /* S1: an index never leads outside */
    return &table->seats[seat];
}

/*
 * A seat that is not idle is somebody's, alive or dead, and its mutex is not
 * to be tried here.  One that died between the two looks is reported.
 */
static int
try_seat(struct seat_table *table, uint32_t seat)
{
    struct seat *tried = seat_at(table, seat);
    if (seat_state(table, seat) != SEAT_IDLE) {
        return EBUSY;
    }
    int error = pthread_mutex_trylock(&tried->alive);
    if (error == EBUSY) {
        return error;
    }
    if (error == EOWNERDEAD && seat_state(table, seat) != SEAT_IDLE) {
        return error;
    }
    if (guard_locked(&tried->alive, error)) {
        atomic_store(&tried->waiting, SEAT_NOWHERE);
    }
    assert(seat_state(table, seat) == SEAT_IDLE); /* T1 */
    atomic_store(&tried->cancelled, 0);
    return 0;
}

int
seat_take(struct seat_table *table, uint32_t hint, uint32_t *seat)
{
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t index = (uint32_t)(((uint64_t)hint + i) % table->count);
        int error = try_seat(table, index);
        if (error != EBUSY) {
            *seat = index;
            return error;
        }
    }
    return EAGAIN;
}

void
seat_settle(struct seat_table *table, uint32_t seat)
{
    struct seat *settled = seat_at(table, seat);
    assert(seat_state(table, seat) == SEAT_IDLE);
    bool died = guard_locked(&settled->alive, EOWNERDEAD);
    assert(died);
    atomic_store(&settled->waiting, SEAT_NOWHERE);
    atomic_store(&settled->cancelled, 0);
}

void
seat_leave(struct seat_table *table, uint32_t seat)
{
    assert(seat_state(table, seat) == SEAT_IDLE);
    guard_unlock(&seat_at(table, seat)->alive);
}

bool
seat_is_dead(struct seat_table *table, uint32_t seat)
{
    int error = pthread_mutex_trylock(&seat_at(table, seat)->alive);
    if (error == EBUSY) {
        return false;
    }
    assert(error == EOWNERDEAD); /* T1: it is not idle, so it had an owner */
    return true;
}

/* Idle first: a second death from here on leaves a free seat. */
void
seat_free_dead(struct seat_table *table, uint32_t seat)
{
    seat_set_state(table, seat, SEAT_IDLE);
    seat_settle(table, seat);
    seat_leave(table, seat);
}

void
seat_count_recovery(struct seat_table *table, _Atomic uint64_t *place)
{
    atomic_fetch_add_explicit(place, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&table->totals->recoveries, 1,
                              memory_order_relaxed);
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec
                                  : a->tv_nsec < b->tv_nsec;
}

bool
seat_lock_guard(const struct seat_table *table, pthread_mutex_t *guard)
{
    return guard_lock_shared(guard, table->parking == PARKING_FUTEX ? table->now
                                                                    : NULL);
}

int
seat_sleep(struct seat_table *table, uint32_t seat, pthread_mutex_t *guard,
           const struct timespec *deadline, long nap_ns)
{
    union parking *parking = &seat_at(table, seat)->parking;
    if (table->now == NULL) {
        return parking_wait(parking, table->parking, guard, deadline, NULL);
    }
    struct timespec nap = guard_nap_end(table->now, nap_ns);
    if (deadline != NULL && !is_before(&nap, deadline)) {
        return parking_wait(parking, table->parking, guard, deadline,
                            table->now);
    }
    int error = parking_wait(parking, table->parking, guard, &nap, table->now);
    return error == ETIMEDOUT ? 0 : error;
}

void
seat_wake(struct seat_table *table, uint32_t seat)
{
    parking_wake(&seat_at(table, seat)->parking, table->parking);
}

enum seat_state
seat_state(const struct seat_table *table, uint32_t seat)
{
    return (enum seat_state)atomic_load_explicit(&seat_at(table, seat)->state,
                                                 memory_order_acquire);
}

bool
seat_is_cancelled(const struct seat_table *table, uint32_t seat)
{
    return atomic_load(&seat_at(table, seat)->cancelled) != 0;
}

/*
 * The mark and `waiting` are a pair: the canceller stores the mark and then
 * loads `waiting`; the owner stores `waiting` and then loads the mark, both in
 * sequentially consistent order.  So at least one of them sees the other.
 */
uint32_t
seat_mark_cancelled(struct seat_table *table, uint32_t seat)
{
    struct seat *marked = seat_at(table, seat);
    atomic_store(&marked->cancelled, 1);
    return atomic_load(&marked->waiting);
}

static inline void
enter(struct seat *seat, enum seat_state state, uint32_t place, uint64_t ticket)
{
    assert(atomic_load_explicit(&seat->state, memory_order_acquire) ==
           SEAT_IDLE);
    assert(state != SEAT_IDLE);
    atomic_store_explicit(&seat->place, place, memory_order_release);
    atomic_store_explicit(&seat->ticket, ticket, memory_order_release);
    atomic_store_explicit(&seat->state, state, memory_order_release);
}

void
seat_enter(struct seat_table *table, uint32_t seat, enum seat_state state,
           uint32_t place, uint64_t ticket)
{
    enter(seat_at(table, seat), state, place, ticket);
}

void
seat_set_state(struct seat_table *table, uint32_t seat, enum seat_state state)
{
    atomic_store_explicit(&seat_at(table, seat)->state, state,
                          memory_order_release);
}

void
seat_list_init(struct seat_list *list)
{
    list->head = SEAT_NONE;
    list->tail = SEAT_NONE;
    list->count = 0;
    list->padding = 0;
}

/* Put a seat between two that are neighbours in the list, or at an end. */
static inline void
link_between(const struct seat_table *table, struct seat_list *list,
             uint32_t previous, uint32_t seat, uint32_t next)
{
    struct seat *linked = seat_at(table, seat);
    linked->next = next;
    linked->prev = previous;
    if (previous == SEAT_NONE) {
        list->head = seat;
    } else {
        seat_at(table, previous)->next = seat;
    }
    if (next == SEAT_NONE) {
        list->tail = seat;
    } else {
        seat_at(table, next)->prev = seat;
    }
    list->count++;
}

static inline void
unlink_seat(const struct seat_table *table, struct seat_list *list,
            struct seat *removed)
{
    assert(list->count > 0);
    if (removed->prev == SEAT_NONE) {
        list->head = removed->next;
    } else {
        seat_at(table, removed->prev)->next = removed->next;
    }
    if (removed->next == SEAT_NONE) {
        list->tail = removed->prev;
    } else {
        seat_at(table, removed->next)->prev = removed->prev;
    }
    list->count--;
}

void
seat_list_insert(const struct seat_table *table, struct seat_list *list,
                 uint32_t before, uint32_t seat)
{
    uint32_t previous =
        before == SEAT_NONE ? list->tail : seat_at(table, before)->prev;
    link_between(table, list, previous, seat, before);
}

void
seat_list_append(const struct seat_table *table, struct seat_list *list,
                 uint32_t seat)
{
    link_between(table, list, list->tail, seat, SEAT_NONE);
}

void
seat_list_remove(const struct seat_table *table, struct seat_list *list,
                 uint32_t seat)
{
    unlink_seat(table, list, seat_at(table, seat));
}

/*
 * Each is one call in which the compiler sees the whole: made of the functions
 * above, an acquisition that nobody contends for takes a seventh longer.
 */
void
seat_arrive(struct seat_table *table, uint32_t seat, enum seat_state state,
            uint32_t place, uint64_t ticket, struct seat_list *list)
{
    enter(seat_at(table, seat), state, place, ticket);
    link_between(table, list, list->tail, seat, SEAT_NONE);
}

enum seat_state
seat_depart(struct seat_table *table, uint32_t seat, uint32_t place,
            struct seat_list *list)
{
    struct seat *departing = seat_at(table, seat);
    assert(atomic_load_explicit(&departing->place, memory_order_acquire) ==
           place);
    enum seat_state state = (enum seat_state)atomic_load_explicit(
        &departing->state, memory_order_acquire);
    unlink_seat(table, list, departing);
    atomic_store_explicit(&departing->state, SEAT_IDLE, memory_order_release);
    return state;
}

void
seat_list_check(const struct seat_table *table, const struct seat_list *list)
{
    uint32_t previous = SEAT_NONE;
    uint32_t current = list->head;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct seat *seat = seat_at(table, current);
        assert(seat->prev == previous);
        previous = current;
        current = seat->next;
    }
    assert(current == SEAT_NONE);
    assert(list->tail == previous);
}
