#include "shared.h"

#include <string.h>

#include "options.h"

HD_OWN struct hd_shared *hd_shared;
HD_OWN struct hd_step_taken *hd_now_step;
HD_OWN struct hd_step_taken **hd_found_step;
HD_OWN struct hd_row *hd_row;
HD_OWN struct hd_stack *hd_stack;
HD_OWN unsigned char *hd_parts;

void
hd_shared_create(struct hd_shared_set *set)
{
    size_t steps = (size_t)hd_options.steps_max + 1;
    struct hd_step_taken *step =
        hd_own_share((HD_FOUND_MAX + 1) * steps * sizeof(*step));
    size_t i;

    set->shared = hd_own_share(sizeof(*set->shared));
    set->now_step = step;
    for (i = 0; i < HD_FOUND_MAX; i++) {
        set->found_step[i] = step + (i + 1) * steps;
    }
    set->row = hd_own_share((steps + HD_THREADS_MAX) * sizeof(*set->row));
    set->stack = hd_own_share(HD_STACKS_MAX * sizeof(*set->stack));
}

bool
hd_shared_take_part(uint32_t part)
{
    if (hd_parts == NULL || part >= HD_PARTS_MAX) {
        return part < HD_PARTS_MAX || hd_parts == NULL;
    }
    return __atomic_exchange_n(&hd_parts[part], 1, __ATOMIC_ACQ_REL) == 0;
}

void
hd_shared_use(struct hd_shared_set *set)
{
    hd_shared = set->shared;
    hd_now_step = set->now_step;
    hd_found_step = set->found_step;
    hd_row = set->row;
    hd_stack = set->stack;
}

void
hd_shared_clear(struct hd_shared_set *set)
{
    memset(set->shared, 0, sizeof(*set->shared));
}

const char *
hd_verdict_name(int verdict)
{
    static const char *const name[HD_VERDICTS] = {
        "clean",  "deadlock", "race",     "assertion", "crash",
        "memory", "misuse",   "livelock", "cut",       "unsupported"};

    return verdict >= 0 && verdict < HD_VERDICTS ? name[verdict] : "?";
}
