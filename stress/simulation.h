#ifndef DIPC_SIMULATION_H
#define DIPC_SIMULATION_H

/*
 * A simulation: random histories of a mailbox server that never ran, for the
 * checker to be checked with.
 *
 * Idea.  Each client calls, its operation takes effect some time later, and
 * some time after that it returns; so the history is linearizable by the way it
 * is made.  A planted fault changes one answer into one that no order explains.
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "operation.h"

enum simulation_fault {
    SIMULATION_SOUND,
    SIMULATION_STALE_READ,   /* a version that had been replaced at the call */
    SIMULATION_LOST_APPEND,  /* a content without its last append */
    SIMULATION_TORN_READ,    /* half of one version, half of another */
    SIMULATION_BLIND_SWAP,   /* a compare-and-swap that did not compare */
    SIMULATION_OUT_OF_ORDER, /* two answers of one client, exchanged */
    SIMULATION_FAULTS
};

struct simulation {
    uint64_t seed;
    size_t operations_count;
    uint32_t clients_count;
    uint32_t mailboxes_count;
    uint32_t mailbox_bytes;
    unsigned unknown_per_mille; /* operations whose answer is lost */
    enum simulation_fault fault;
};

const char *simulation_fault_name(enum simulation_fault fault);

/* False: there was no place to plant the fault. */
bool
simulation_run(const struct simulation *simulation, struct operations *history);

#endif
