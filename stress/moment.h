#ifndef DIPC_MOMENT_H
#define DIPC_MOMENT_H

/*
 * Moments on CLOCK_MONOTONIC, as nanoseconds and as deadlines.
 *
 * Who may call.  Any thread.
 */

#include <stdint.h>
#include <time.h>

#define MOMENT_MS UINT64_C(1000000)
#define MOMENT_S UINT64_C(1000000000)

uint64_t moment_now_ns(void);

/* As segments want their clock. */
void moment_now(struct timespec *now);

struct timespec moment_deadline(uint64_t moment_ns);

/* Let so much time pass. */
void moment_pass_ns(uint64_t span_ns);

#endif
