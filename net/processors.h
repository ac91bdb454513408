#ifndef DIPC_PROCESSORS_H
#define DIPC_PROCESSORS_H

/*
 * How many processors this process may run on: those of its affinity, as
 * taskset or a service's CPUAffinity= set it.  A share of their time (a
 * container's quota) is not seen.
 *
 * Who may call.  Any thread.
 */

#include <stdint.h>

/* 1 or more. */
uint32_t processors_count(void);

#endif
