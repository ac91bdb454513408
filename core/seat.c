#include "seat.h"

#include <errno.h>
#include <stddef.h>

#include "guard.h"

static int
seat_init(struct seat *seat)
{
    int error = guard_init(&seat->alive);
    if (error != 0) {
        return error;
    }
    error = parking_init(&seat->parking);
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
seat_fini(struct seat *seat)
{
    parking_fini(&seat->parking);
    guard_fini(&seat->alive);
}

int
seat_table_init(struct seat_table *table, struct seat *seats, uint32_t count,
                bool checked)
{
    assert(count < SEAT_NONE);
    table->seats = seats;
    table->count = count;
    table->checked = checked;
    for (uint32_t i = 0; i < count; i++) {
        int error = seat_init(&seats[i]);
        if (error != 0) {
            table->count = i;
            seat_table_fini(table);
            return error;
        }
    }
    return 0;
}

void
seat_table_fini(struct seat_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        seat_fini(&table->seats[i]);
    }
    table->count = 0;
}

struct seat *
seat_at(const struct seat_table *table, uint32_t seat)
{
    assert(seat < table->count); /* S1: an index never leads outside */
    return &table->seats[seat];
}

int
seat_take(struct seat_table *table, uint32_t hint, uint32_t *seat)
{
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t index = (uint32_t)(((uint64_t)hint + i) % table->count);
        struct seat *candidate = seat_at(table, index);
        if (pthread_mutex_trylock(&candidate->alive) == 0) {
            assert(seat_state(table, index) == SEAT_IDLE); /* T1 */
            atomic_store(&candidate->cancelled, 0);
            *seat = index;
            return 0;
        }
    }
    return EAGAIN;
}

void
seat_leave(struct seat_table *table, uint32_t seat)
{
    assert(seat_state(table, seat) == SEAT_IDLE);
    guard_unlock(&seat_at(table, seat)->alive);
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

void
seat_enter(struct seat_table *table, uint32_t seat, enum seat_state state,
           uint32_t place, uint64_t ticket)
{
    struct seat *entering = seat_at(table, seat);
    assert(seat_state(table, seat) == SEAT_IDLE);
    assert(state != SEAT_IDLE);
    atomic_store_explicit(&entering->place, place, memory_order_release);
    atomic_store_explicit(&entering->ticket, ticket, memory_order_release);
    atomic_store_explicit(&entering->state, state, memory_order_release);
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

void
seat_list_append(const struct seat_table *table, struct seat_list *list,
                 uint32_t seat)
{
    struct seat *appended = seat_at(table, seat);
    appended->next = SEAT_NONE;
    appended->prev = list->tail;
    if (list->tail == SEAT_NONE) {
        list->head = seat;
    } else {
        seat_at(table, list->tail)->next = seat;
    }
    list->tail = seat;
    list->count++;
}

void
seat_list_remove(const struct seat_table *table, struct seat_list *list,
                 uint32_t seat)
{
    struct seat *removed = seat_at(table, seat);
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
    removed->next = SEAT_NONE;
    removed->prev = SEAT_NONE;
    list->count--;
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
