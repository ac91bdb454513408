#include "watch.h"

#include <errno.h>

#include "guard.h"

static void
check_guarded(const struct seat_table *seats, const struct watch *watch)
{
    uint32_t said = 0;
    seat_list_check(seats, &watch->watchers);
    assert(atomic_load(&watch->count) == watch->watchers.count);
    for (uint32_t i = 0; i < seats->count; i++) {
        enum seat_state state = seat_state(seats, i);
        if (atomic_load(&seat_at(seats, i)->place) == watch->place) {
            said += state == SEAT_WATCHING ? 1 : 0;
        }
    }
    assert(said == watch->watchers.count); /* L4 */
}

/* The guard's owner died inside: list anew the seats that say they watch. */
static void
rebuild(struct seat_table *seats, struct watch *watch)
{
    seat_list_init(&watch->watchers);
    for (uint32_t i = 0; i < seats->count; i++) {
        enum seat_state state = seat_state(seats, i);
        if (state == SEAT_WATCHING &&
            atomic_load(&seat_at(seats, i)->place) == watch->place) {
            seat_list_append(seats, &watch->watchers, i);
        }
    }
    atomic_store(&watch->count, watch->watchers.count);
    seat_count_recovery(seats, &watch->recoveries);
}

static void
enter(struct seat_table *seats, struct watch *watch)
{
    if (seat_lock_guard(seats, &watch->guard)) {
        rebuild(seats, watch);
    }
    if (seats->checked) {
        check_guarded(seats, watch);
    }
}

static void
leave(const struct seat_table *seats, struct watch *watch)
{
    if (seats->checked) {
        check_guarded(seats, watch);
    }
    guard_unlock(&watch->guard);
}

int
watch_init(struct watch *watch, uint32_t place)
{
    assert(place != SEAT_NOWHERE);
    seat_list_init(&watch->watchers);
    atomic_init(&watch->count, 0);
    watch->place = place;
    atomic_init(&watch->recoveries, 0);
    return guard_init(&watch->guard);
}

void
watch_fini(struct watch *watch)
{
    assert(watch->watchers.count == 0);
    guard_fini(&watch->guard);
}

static void
enlist(struct seat_table *seats, struct watch *watch, uint32_t seat,
       uint64_t above)
{
    atomic_store(&seat_at(seats, seat)->watched, above);
    seat_arrive(seats, seat, SEAT_WATCHING, watch->place, 0, &watch->watchers);
    atomic_store(&watch->count, watch->watchers.count);
}

static void
unlist(struct seat_table *seats, struct watch *watch, uint32_t seat)
{
    seat_list_remove(seats, &watch->watchers, seat);
    atomic_store(&watch->count, watch->watchers.count);
}

static void
delist(struct seat_table *seats, struct watch *watch, uint32_t seat)
{
    unlist(seats, watch, seat);
    seat_set_state(seats, seat, SEAT_IDLE);
}

/* Sleep until a writer has delisted this seat, or the version has risen. */
static int
await_notice(struct seat_table *seats, struct watch *watch, uint32_t seat,
             const _Atomic uint64_t *version, uint64_t above,
             const struct timespec *deadline)
{
    struct seat *self = seat_at(seats, seat);
    int error = 0;
    atomic_store(&self->waiting, watch->place);
    while (seat_state(seats, seat) == SEAT_WATCHING && error == 0 &&
           atomic_load(version) <= above) {
        if (seat_is_cancelled(seats, seat)) {
            error = ECANCELED;
            break;
        }
        error = seat_sleep(seats, seat, &watch->guard, deadline, WATCH_NAP_NS);
        if (error == EOWNERDEAD) {
            rebuild(seats, watch);
            error = 0;
        }
    }
    atomic_store(&self->waiting, SEAT_NOWHERE);
    if (seat_state(seats, seat) == SEAT_WATCHING) {
        delist(seats, watch, seat);
        return atomic_load(version) > above ? 0 : error;
    }
    return 0;
}

int
watch_wait(struct seat_table *seats, struct watch *watch, uint32_t seat,
           const _Atomic uint64_t *version, uint64_t above,
           const struct timespec *deadline)
{
    int error = 0;
    if (atomic_load(version) > above) {
        return 0;
    }
    enter(seats, watch);
    enlist(seats, watch, seat, above);
    error = await_notice(seats, watch, seat, version, above, deadline);
    leave(seats, watch);
    return error;
}

void
watch_notify(struct seat_table *seats, struct watch *watch, uint64_t version)
{
    if (atomic_load(&watch->count) == 0) {
        return;
    }
    enter(seats, watch);
    uint32_t current = watch->watchers.head;
    for (uint32_t i = watch->watchers.count; i > 0; i--) {
        struct seat *watcher = seat_at(seats, current);
        uint32_t next = watcher->next;
        if (atomic_load(&watcher->watched) < version) {
            delist(seats, watch, current);
            seat_wake(seats, current);
        }
        current = next;
    }
    leave(seats, watch);
}

void
watch_cancel(struct seat_table *seats, struct watch *watch, uint32_t seat)
{
    enter(seats, watch);
    struct seat *cancelled = seat_at(seats, seat);
    if (seat_state(seats, seat) == SEAT_WATCHING &&
        atomic_load(&cancelled->place) == watch->place) {
        seat_wake(seats, seat);
    }
    leave(seats, watch);
}

void
watch_check(struct seat_table *seats, struct watch *watch)
{
    enter(seats, watch);
    check_guarded(seats, watch);
    leave(seats, watch);
}

void
watch_recover(struct seat_table *seats, struct watch *watch)
{
    enter(seats, watch);
    uint32_t current = watch->watchers.head;
    for (uint32_t i = watch->watchers.count; i > 0; i--) {
        uint32_t next = seat_at(seats, current)->next;
        if (seat_is_dead(seats, current)) {
            unlist(seats, watch, current);
            seat_free_dead(seats, current);
            seat_count_recovery(seats, &watch->recoveries);
        }
        current = next;
    }
    leave(seats, watch);
}

void
watch_bury(struct seat_table *seats, struct watch *watch, uint32_t seat)
{
    enter(seats, watch);
    if (seat_state(seats, seat) != SEAT_IDLE) {
        delist(seats, watch, seat);
        seat_count_recovery(seats, &watch->recoveries);
    }
    seat_settle(seats, seat);
    leave(seats, watch);
}
