#ifndef DIPC_CONTENDER_H
#define DIPC_CONTENDER_H

/*
 * A contender: a reader-writer lock that processes share, behind one interface,
 * so that the same program can be run on each.
 *
 * Who may call.  init: once, before the processes start.  attach: each process,
 * first.  The others: a process that is attached.  Processes have numbers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTENDER_BYTES 16384U
#define CONTENDER_PROCESSES_MAX 32U

#ifdef __cplusplus
extern "C" {
#endif

struct contender {
    const char *name;
    /* In zeroed memory of CONTENDER_BYTES; 0 or an error. */
    int (*init)(void *memory);
    int (*attach)(void *memory, uint32_t process);
    /* 0, ETIMEDOUT or another error. */
    int (*acquire)(void *memory, uint32_t process, bool writes,
                   uint64_t timeout_ns);
    void (*release)(void *memory, uint32_t process, bool writes);
};

extern const struct contender contender_dipc;
extern const struct contender contender_rwlock;
extern const struct contender contender_mutex;
extern const struct contender contender_boost;

#ifdef __cplusplus
}
#endif

#endif
