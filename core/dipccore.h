#ifndef DIPC_DIPCCORE_H
#define DIPC_DIPCCORE_H

/*
 * The robust, fair, timed reader-writer lock for a program's own shared memory:
 * see docs/lock.md.  Seats, and the lock that they queue for.
 *
 * Who may call.  Any program that links libdipccore.a.
 */

#include "rwlock.h"
#include "seat.h"

#endif
