#include "moment.h"

uint64_t
moment_now_ns(void)
{
    struct timespec now;
    moment_now(&now);
    return (uint64_t)now.tv_sec * MOMENT_S + (uint64_t)now.tv_nsec;
}

void
moment_now(struct timespec *now)
{
    (void)clock_gettime(CLOCK_MONOTONIC, now);
}

struct timespec
moment_deadline(uint64_t moment_ns)
{
    struct timespec deadline = {
        .tv_sec = (time_t)(moment_ns / MOMENT_S),
        .tv_nsec = (long)(moment_ns % MOMENT_S),
    };
    return deadline;
}

void
moment_pass_ns(uint64_t span_ns)
{
    struct timespec span = moment_deadline(span_ns);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
}
