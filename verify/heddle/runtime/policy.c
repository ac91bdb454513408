#include "policy.h"

HD_OWN const struct hd_policy *hd_policy;

uint64_t
hd_policy_enabled(void)
{
    uint64_t mask = 0;
    int i;

    for (i = 0; i < hd.width; i++) {
        if (hd.thread[i].state == HD_LIVE &&
            hd_alternatives(&hd.thread[i]) != 0) {
            mask |= UINT64_C(1) << i;
        }
    }
    return mask;
}

int
hd_policy_stuck(void)
{
    return hd.live == 0 ? -(int)HD_END_DONE : -(int)HD_END_STUCK;
}
