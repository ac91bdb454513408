#ifndef DIPC_GATHER_VERDICT_H
#define DIPC_GATHER_VERDICT_H

/*
 * The verdict: what became of one child, from what its connection and its
 * process say.
 *
 * Idea.  A pure function.  The connection and the process tell of one end at
 * two moments, in either order: a process that is killed closes its
 * connection first, and what it had sent may still be on its way when its end
 * is known.  So where the second could change the verdict, it is awaited,
 * for a bounded time.  Only what the child has said itself is final at once:
 * the result is whole, or there will be none.
 *
 *     connection   process     verdict
 *     complete     any         COMPLETE
 *     failed       any         FAILED
 *     refused      any         TOO_LARGE, NO_MEMORY, CUT_OFF
 *     any          signalled   FAILED
 *     cut off      lives       (CAUSE_NS for its end, then) CUT_OFF
 *     cut off      ended       as it ended; CUT_OFF if with 0
 *     open         ended       (SILENCE_NS without a byte for the rest, then)
 *                              as it ended; CUT_OFF if with 0
 *     none         ended badly as it ended
 *     none         ended       (SETTLE_NS for a connection that is still being
 *                              accepted, then) ABSENT
 *     none, open   lives       STOPPED or, at the deadline, TOO_SLOW
 *
 * A child from elsewhere has no process that could say anything.
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "collector.h"
#include "gather.h"
#include "process.h"

#define GATHER_VERDICT_CAUSE_NS CLOCK_NS_PER_S
#define GATHER_VERDICT_SETTLE_NS CLOCK_NS_PER_S
#define GATHER_VERDICT_SILENCE_NS (5 * CLOCK_NS_PER_S)

struct gather_facts {
    struct collector_report report;
    const struct process *process; /* NULL: from elsewhere */
    int signalled;                 /* it declared an error by this; 0: no */
    bool is_stopping;
    uint64_t now_ns;
    uint64_t deadline_ns; /* CLOCK_NEVER: none */
};

/*
 * Is there a verdict?
 *   result    outcome and number, if there is
 *   again_ns  lowered to when to ask again at the latest, if there is none
 */
bool gather_verdict_reach(const struct gather_facts *facts,
                          struct gather_result *result, uint64_t *again_ns);

#endif
