#ifndef DIPC_STRESS_HISTOGRAM_H
#define DIPC_STRESS_HISTOGRAM_H

/*
 * A histogram of spans of time that keeps every one within one percent.
 *
 * Idea.  Slots are as wide as one, two, four ... nanoseconds, and there are
 * HISTOGRAM_SLOTS / 2 of each width: a slot's width is at most 1/128 of what
 * is counted in it, whatever that is.  A percentile is the upper end of the
 * slot in which it falls, so it is never told too small.
 *
 * Invariants.
 *   H1  count is the sum of the slots
 *   H2  most_ns is the largest span that was added, exactly; 0: none was
 *
 * Who may call.  One thread for each struct.
 *
 * Source.  The layout is that of G. Tene's HdrHistogram.
 */

#include <stdint.h>

/* So many slots below the first power of two that is not kept exactly. */
#define HISTOGRAM_SLOTS 256U
#define HISTOGRAM_POWERS 40U /* up to 2^47 ns, a day and a half */

struct histogram {
    uint64_t count;
    uint64_t most_ns;
    uint64_t slots[HISTOGRAM_SLOTS / 2 * (HISTOGRAM_POWERS + 1)];
};

/* Zeroed memory is an empty histogram. */
void histogram_add(struct histogram *histogram, uint64_t span_ns);

/* Add all that another one has counted. */
void
histogram_merge(struct histogram *histogram, const struct histogram *other);

/*
 * The least span that so many of a million do not exceed (990000: 99 %); 0 of
 * an empty one.  A million is the largest exactly.
 */
uint64_t
histogram_percentile(const struct histogram *histogram, uint32_t per_million);

#endif
