#include "states.h"

#include <stdio.h>
#include <stdlib.h>

#include "finding.h"
#include "options.h"

enum { STATES_MAX = 1 << 16 };

static HD_OWN uint64_t *seen;
static HD_OWN int seens;
static HD_OWN uint64_t sum;

void
hd_states_begin(void)
{
    sum = 0;
}

void
hd_states_add(uint64_t value)
{
    sum = (sum ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    sum ^= sum >> 31;
}

void
hd_states_note(void)
{
    uint64_t mark;
    int i;

    if (!hd_options.states || hd.end == HD_END_REDUNDANT ||
        hd.end == HD_END_ELSEWHERE) {
        sum = 0;
        return;
    }
    if (seen == NULL) {
        seen = hd_own_reserve(STATES_MAX * sizeof(*seen));
    }
    if (hd_finding_last != HD_CLEAN) {
        sum = 0;
    }
    mark = sum * 16 + (uint64_t)hd_finding_last;
    sum = 0;
    for (i = 0; i < seens; i++) {
        if (seen[i] == mark) {
            return;
        }
    }
    if (seens < STATES_MAX) {
        seen[seens] = mark;
        seens++;
    }
}

static int
compare(const void *one, const void *two)
{
    uint64_t a = *(const uint64_t *)one;
    uint64_t b = *(const uint64_t *)two;

    return a < b ? -1 : a > b;
}

void
hd_states_print(void)
{
    int i;

    if (!hd_options.states || seen == NULL) {
        return;
    }
    qsort(seen, (size_t)seens, sizeof(*seen), compare);
    for (i = 0; i < seens; i++) {
        printf("state %016llx %s\n", (unsigned long long)(seen[i] / 16),
               hd_verdict_name((int)(seen[i] % 16)));
    }
    fflush(stdout);
}
