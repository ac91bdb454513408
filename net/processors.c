#include "processors.h"

#include <sched.h>
#include <unistd.h>

/* A machine may have more processors than a set of fixed size holds. */
uint32_t
processors_count(void)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        return (uint32_t)CPU_COUNT(&allowed);
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}
