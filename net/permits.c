#include "permits.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

void
permits_init(struct permits *permits, uint32_t count)
{
    assert(count > 0);
    permits->count = count;
    atomic_init(&permits->used, 0);
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
await_one(struct permits_set *set, uint64_t now_ns)
{
    const uint64_t until_ns = clock_add_ns(now_ns, PERMITS_PATIENCE_NS);
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

/* One of the set in use that is free now, or NULL. */
static struct permits_set *
take_free(struct permits *permits)
{
    struct permits_set *set = &permits->sets[atomic_load(&permits->used)];

    return sem_trywait(&set->free) == 0 ? set : NULL;
}

/* The last look is for who slept long because the machine did. */
static struct permits_set *
await(struct permits *permits)
{
    uint64_t now_ns = clock_now_ns(NULL);
    const uint64_t longest_ns = clock_add_ns(now_ns, PERMITS_LONGEST_NS);

    for (; now_ns < longest_ns; now_ns = clock_now_ns(NULL)) {
        uint32_t used = atomic_load(&permits->used);
        int error = await_one(&permits->sets[used], now_ns);
        if (error == 0) {
            return &permits->sets[used];
        }
        if (error == ETIMEDOUT) {
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
