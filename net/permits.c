#include "permits.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

void
permits_init(struct permits *permits, uint32_t count)
{
    assert(count > 0);
    permits->count = count;
    atomic_init(&permits->used, 0);
    atomic_init(&permits->added_ns, 0);
    for (uint32_t i = 0; i < PERMITS_SETS; i++) {
        atomic_init(&permits->sets[i].returns, 0);
        int failed = sem_init(&permits->sets[i].free, 0, count);
        assert(!failed);
        (void)failed;
    }
}

void
permits_fini(struct permits *permits)
{
    for (uint32_t i = 0; i < PERMITS_SETS; i++) {
        (void)sem_destroy(&permits->sets[i].free);
    }
}

static uint32_t
returns_to(const struct permits_set *set)
{
    return atomic_load_explicit(&set->returns, memory_order_relaxed);
}

/* Errors: EAGAIN     one came back, and perhaps for others
 *         ETIMEDOUT  none came back */
static int
await_one(struct permits_set *set, uint64_t until_ns)
{
    const struct timespec until = {
        .tv_sec = (time_t)(until_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(until_ns % CLOCK_NS_PER_S),
    };
    const uint32_t returns = returns_to(set);

    if (sem_clockwait(&set->free, CLOCK_MONOTONIC, &until) == 0) {
        return 0;
    }
    return errno == ETIMEDOUT && returns_to(set) == returns ? ETIMEDOUT
                                                            : EAGAIN;
}

/* Another may have seen the same, and done it already. */
static void
use_next(struct permits *permits, uint32_t used)
{
    (void)atomic_compare_exchange_strong(&permits->used, &used,
                                         (used + 1) % PERMITS_SETS);
}

/* True for one at a time, and then for nobody for PERMITS_PATIENCE_NS. */
static bool
may_add(struct permits *permits, uint64_t now_ns)
{
    uint64_t added_ns = atomic_load(&permits->added_ns);

    return now_ns >= added_ns + PERMITS_PATIENCE_NS &&
           atomic_compare_exchange_strong(&permits->added_ns, &added_ns,
                                          now_ns);
}

/* One of the set in use that is free now, or NULL. */
static struct permits_set *
take_free(struct permits *permits)
{
    struct permits_set *set = &permits->sets[atomic_load(&permits->used)];

    return sem_trywait(&set->free) == 0 ? set : NULL;
}

static struct permits_set *
await(struct permits *permits)
{
    uint64_t now_ns = clock_now_ns(NULL);
    const uint64_t longest_ns = clock_add_ns(now_ns, PERMITS_LONGEST_NS);
    uint64_t patience_ns = PERMITS_PATIENCE_NS;

    while (now_ns < longest_ns || !may_add(permits, now_ns)) {
        uint32_t used = atomic_load(&permits->used);
        int error =
            await_one(&permits->sets[used], clock_add_ns(now_ns, patience_ns));
        if (error == 0) {
            return &permits->sets[used];
        }
        now_ns = clock_now_ns(NULL);
        if (error == EAGAIN && patience_ns < PERMITS_PATIENCE_MAX_NS) {
            patience_ns *= 2;
        } else if (error == ETIMEDOUT && now_ns < longest_ns &&
                   may_add(permits, now_ns)) {
            use_next(permits, used);
        }
    }
    return take_free(permits);
}

struct permits_set *
permits_take(struct permits *permits)
{
    struct permits_set *set = take_free(permits);

    return set ? set : await(permits);
}

void
permits_give(struct permits_set *taken)
{
    if (taken) {
        (void)atomic_fetch_add_explicit(&taken->returns, 1,
                                        memory_order_relaxed);
        (void)sem_post(&taken->free);
    }
}

void
permits_check(struct permits *permits)
{
    for (uint32_t i = 0; i < PERMITS_SETS; i++) {
        int free = -1;
        int failed = sem_getvalue(&permits->sets[i].free, &free);
        assert(!failed);
        (void)failed;
        assert(free == (int)permits->count);
    }
}
