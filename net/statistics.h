#ifndef DIPC_STATISTICS_H
#define DIPC_STATISTICS_H

/*
 * What the server counts.  Every counter is an atomic of its own, raised with
 * relaxed order: a reader sees each exact, and the set of them nearly so.
 *
 * Who may call.  Any thread.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct statistics {
    _Atomic uint64_t clients;       /* connected now */
    _Atomic uint64_t clients_total; /* ever accepted */
    _Atomic uint64_t requests;      /* of any kind, answered */
    _Atomic uint64_t waiting;       /* for a version, now */
    _Atomic uint64_t reads;
    _Atomic uint64_t writes;
    _Atomic uint64_t conflicts;
    _Atomic uint64_t timeouts; /* waits that saw nothing newer */
    _Atomic uint64_t lock_timeouts;
    _Atomic uint64_t bad_requests;
    _Atomic uint64_t bytes_in;
    _Atomic uint64_t bytes_out;
    const _Atomic uint64_t *lock_recoveries; /* counted elsewhere, or NULL */
    uint64_t clients_max;                    /* const after init */
    uint64_t instance;                       /* const after init */
    uint64_t started_ns;    /* CLOCK_MONOTONIC; const after init */
    uint64_t mailboxes;     /* const after init */
    uint64_t mailbox_bytes; /* const after init */
    uint64_t packet_bytes;  /* const after init */
};

#define STATISTICS_TEXT_MAX 1024

static inline void
statistics_add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/*
 * Write the protocol's lines "name value\n" to text.
 *   now_ns  CLOCK_MONOTONIC
 * Returns their length, at most STATISTICS_TEXT_MAX.
 */
size_t statistics_encode(const struct statistics *statistics, uint64_t now_ns,
                         char text[static STATISTICS_TEXT_MAX]);

#endif
