#include "moment.h"

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

#include "access.h"
#include "finding.h"
#include "options.h"
#include "spin.h"

static const int64_t second_ns = INT64_C(1000000000);
static const int64_t start_ns = INT64_C(1000) * 1000000000;
static const int64_t realtime_ahead_ns = INT64_C(1700000000) * 1000000000;
static const int64_t year_ns = INT64_C(31536000) * 1000000000;

static HD_OWN int64_t now;
static HD_OWN int64_t tick_ns;

void
hd_moment_begin(void)
{
    now = start_ns;
    tick_ns = 1000;
}

bool
hd_moment_known_clock(int clock_id)
{
    return clock_id == CLOCK_MONOTONIC || clock_id == CLOCK_REALTIME ||
           clock_id == CLOCK_MONOTONIC_RAW || clock_id == CLOCK_BOOTTIME ||
           clock_id == CLOCK_MONOTONIC_COARSE ||
           clock_id == CLOCK_REALTIME_COARSE;
}

static int64_t
ahead(int clock_id)
{
    return clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_COARSE
               ? realtime_ahead_ns
               : 0;
}

int
hd_moment_deadline(int clock_id, const struct timespec *deadline,
                   int64_t *until)
{
    if (deadline->tv_nsec < 0 || deadline->tv_nsec >= second_ns ||
        !hd_moment_known_clock(clock_id)) {
        return EINVAL;
    }
    if (deadline->tv_sec > INT64_C(4000000000)) {
        *until = INT64_MAX;
        return 0;
    }
    *until = deadline->tv_sec * second_ns + deadline->tv_nsec - ahead(clock_id);
    return 0;
}

bool
hd_moment_never(int64_t until)
{
    return until > now + year_ns;
}

int64_t
hd_moment_now(void)
{
    return now;
}

bool
hd_moment_used_up(void)
{
    if (hd_options.timeouts == 0 || hd.self->timeouts < hd_options.timeouts) {
        return false;
    }
    hd_shared->late = true;
    return true;
}

bool
hd_moment_waits(int64_t until, bool (*ready)(const struct hd_thread *),
                bool (*ready_before)(const struct hd_thread *, int32_t))
{
    bool ends = !hd_moment_used_up();

    if (ends && (!hd_options.idle_time || until <= now)) {
        return true;
    }
    hd_next_blocks(ready, ready_before);
    hd.self->timed = ends;
    hd.self->until = until;
    return false;
}

void
hd_moment_expired(int64_t until)
{
    hd.self->timeouts++;
    hd_moment_advance(until);
}

void
hd_moment_advance(int64_t until)
{
    if (until > now) {
        now = until;
    }
}

static void
put(struct timespec *to, int64_t at, const void *pc)
{
    struct timespec got = {at / second_ns, at % second_ns};

    hd_access_result(to, &got, sizeof(got), pc);
}

static bool
never(const struct hd_thread *thread)
{
    (void)thread;
    return false;
}

/* The running thread's operation happens when it is that late. */
static void
sleeps(int64_t until)
{
    if (hd_options.idle_time) {
        hd_next_blocks(never, NULL);
        hd.self->timed = true;
        hd.self->until = until;
    }
}

/* A loop that watches the clock and changes nothing sees it run, faster and
 * faster. */
static void
read_clock(const void *pc)
{
    hd_op_touch(hd_next(HD_OP_CLOCK, pc), HD_OBJECT_CLOCK, 1, HD_READ);
    hd_spin_visit();
    if (hd.self->spinning) {
        hd.self->spinning = false;
        hd.self->next.access[0].mode = HD_WRITE;
        sleeps(now + tick_ns);
        hd_step();
        now += tick_ns;
        tick_ns *= 2;
        hd_progress();
        return;
    }
    hd_step();
}

HD_LIBC_LOOP(int, clock_gettime, clockid_t clock_id, struct timespec *to)
{
    if (!hd_moment_known_clock(clock_id)) {
        hd_finding(HD_UNSUPPORTED, "clock %d is not modelled", (int)clock_id);
    }
    read_clock(HD_CALLER);
    put(to, now + ahead(clock_id), HD_CALLER);
    return 0;
}

HD_LIBC_LOOP(time_t, time, time_t *to)
{
    time_t got;

    read_clock(HD_CALLER);
    got = (now + realtime_ahead_ns) / second_ns;
    if (to != NULL) {
        hd_access_result(to, &got, sizeof(got), HD_CALLER);
    }
    return got;
}

HD_LIBC_LOOP(int, gettimeofday, struct timeval *to, void *zone)
{
    struct timeval got;

    (void)zone;
    read_clock(HD_CALLER);
    got.tv_sec = (now + realtime_ahead_ns) / second_ns;
    got.tv_usec = (now + realtime_ahead_ns) % second_ns / 1000;
    hd_access_result(to, &got, sizeof(got), HD_CALLER);
    return 0;
}

/* Processor time, as if the program had had the processor always. */
HD_LIBC_LOOP(clock_t, clock, void)
{
    read_clock(HD_CALLER);
    return (now - start_ns) / 1000;
}

HD_LIBC_LOOP(int, timespec_get, struct timespec *to, int base)
{
    read_clock(HD_CALLER);
    put(to, now + realtime_ahead_ns, HD_CALLER);
    return base;
}

HD_LIBC(int, clock_getres, clockid_t clock_id, struct timespec *to)
{
    (void)clock_id;
    if (to == NULL) {
        return 0;
    }
    put(to, 1, HD_CALLER);
    return 0;
}

static void
sleep_until(int64_t until, int64_t length, const void *pc)
{
    hd_op_touch(hd_next(HD_OP_SLEEP, pc), HD_OBJECT_CLOCK, 1, HD_WRITE);
    hd_spin_visit();
    hd.self->spinning = false;
    if (hd_options.idle_time && length >= 0) {
        until = now + length;
        length = -1;
    }
    sleeps(until);
    hd_step();
    hd_moment_advance(length >= 0 ? now + length : until);
}

static int
sleep_for(const struct timespec *length, const void *pc)
{
    if (length->tv_nsec < 0 || length->tv_nsec >= second_ns ||
        length->tv_sec < 0) {
        return EINVAL;
    }
    sleep_until(0, length->tv_sec * second_ns + length->tv_nsec, pc);
    return 0;
}

HD_LIBC_LOOP(int, nanosleep, const struct timespec *length,
             struct timespec *left)
{
    int error = sleep_for(length, HD_CALLER);

    (void)left;
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

HD_LIBC_LOOP(int, clock_nanosleep, clockid_t clock_id, int flags,
             const struct timespec *when, struct timespec *left)
{
    int64_t until;

    (void)left;
    if ((flags & TIMER_ABSTIME) == 0) {
        return sleep_for(when, HD_CALLER);
    }
    if (hd_moment_deadline(clock_id, when, &until) != 0) {
        return EINVAL;
    }
    sleep_until(until, -1, HD_CALLER);
    return 0;
}

HD_LIBC_LOOP(int, usleep, useconds_t length)
{
    sleep_until(0, (int64_t)length * 1000, HD_CALLER);
    return 0;
}

HD_LIBC_LOOP(unsigned, sleep, unsigned length)
{
    sleep_until(0, (int64_t)length * second_ns, HD_CALLER);
    return 0;
}
