#include "histogram.h"

#include <stddef.h>

#define HALF (HISTOGRAM_SLOTS / 2)
#define LAST (HALF * (HISTOGRAM_POWERS + 1) - 1)
#define MILLION UINT64_C(1000000)

/* Spans of [0, SLOTS) have a slot each; then HALF slots for each power. */
static uint32_t
slot_of(uint64_t span_ns)
{
    if (span_ns < HISTOGRAM_SLOTS) {
        return (uint32_t)span_ns;
    }
    uint32_t top = 63U - (uint32_t)__builtin_clzll(span_ns);
    uint32_t shift = top - (uint32_t)__builtin_ctz(HALF);
    uint64_t slot = (uint64_t)shift * HALF + (span_ns >> shift);
    return slot < LAST ? (uint32_t)slot : LAST;
}

/* The largest span of a slot. */
static uint64_t
end_of(uint32_t slot)
{
    if (slot < HISTOGRAM_SLOTS) {
        return slot;
    }
    uint32_t shift = slot / HALF - 1;
    uint64_t first = (uint64_t)(slot - shift * HALF) << shift;
    return first + (UINT64_C(1) << shift) - 1;
}

void
histogram_add(struct histogram *histogram, uint64_t span_ns)
{
    histogram->slots[slot_of(span_ns)]++;
    histogram->count++;
    if (span_ns > histogram->most_ns) {
        histogram->most_ns = span_ns;
    }
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    for (uint32_t slot = 0; slot <= LAST; slot++) {
        histogram->slots[slot] += other->slots[slot];
    }
    histogram->count += other->count;
    if (other->most_ns > histogram->most_ns) {
        histogram->most_ns = other->most_ns;
    }
}

uint64_t
histogram_percentile(const struct histogram *histogram, uint32_t per_million)
{
    /* Rounded up, without overflow: so many are at or below it. */
    uint64_t wanted =
        histogram->count / MILLION * per_million +
        (histogram->count % MILLION * per_million + MILLION - 1) / MILLION;
    uint64_t seen = 0;
    for (uint32_t slot = 0; slot <= LAST; slot++) {
        seen += histogram->slots[slot];
        if (seen > 0 && seen >= wanted) {
            uint64_t end_ns = slot < LAST ? end_of(slot) : histogram->most_ns;
            return end_ns < histogram->most_ns ? end_ns : histogram->most_ns;
        }
    }
    return histogram->most_ns;
}
