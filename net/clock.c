#include "clock.h"

#include <assert.h>

#define MS_PER_DAY 86400000

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    int failed = clock_gettime(clock, &now);
    assert(!failed);
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t
clock_now_ns(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t
clock_recent_ns(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t
clock_add_ns(uint64_t now_ns, uint64_t duration_ns)
{
    if (duration_ns >= CLOCK_NEVER - now_ns) {
        return CLOCK_NEVER;
    }
    return now_ns + duration_ns;
}

struct timespec
clock_remaining(uint64_t now_ns, uint64_t deadline_ns)
{
    uint64_t remaining_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;

    return (struct timespec){
        .tv_sec = (time_t)(remaining_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(remaining_ns % CLOCK_NS_PER_S),
    };
}

int
clock_remaining_ms(uint64_t now_ns, uint64_t deadline_ns)
{
    if (deadline_ns == CLOCK_NEVER) {
        return -1;
    }
    if (deadline_ns <= now_ns) {
        return 0;
    }
    uint64_t remaining_ms = (deadline_ns - now_ns - 1) / CLOCK_NS_PER_MS + 1;
    return remaining_ms < MS_PER_DAY ? (int)remaining_ms : MS_PER_DAY;
}
