#ifndef DIPC_CLOCK_H
#define DIPC_CLOCK_H

/*
 * The clock of everything that ends: CLOCK_MONOTONIC in nanoseconds.
 *
 * Who may call.  Any thread.
 */

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_TICK_NS (10 * CLOCK_NS_PER_MS) /* of the slowest timer, 100 Hz */
#define CLOCK_NEVER UINT64_MAX

/* Now.  The context is not looked at: the shape is struct session_clock's. */
uint64_t clock_now_ns(void *context);

/*
 * The moment of the kernel's last tick: never ahead of now, and a tick behind
 * it at most while the machine runs freely.  Far cheaper than clock_now_ns: for
 * deadlines that are set often and seldom looked at, with a tick added lest
 * they be early.
 */
uint64_t clock_recent_ns(void);

/* now + duration, or CLOCK_NEVER where that does not fit. */
uint64_t clock_add_ns(uint64_t now_ns, uint64_t duration_ns);

/* What remains until the deadline, 0 when it has passed; for ppoll. */
struct timespec clock_remaining(uint64_t now_ns, uint64_t deadline_ns);

/*
 * The same in whole milliseconds, rounded up, for epoll_wait: -1 for
 * CLOCK_NEVER, and at most a day.
 */
int clock_remaining_ms(uint64_t now_ns, uint64_t deadline_ns);

#endif
