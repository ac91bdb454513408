#ifndef DIPC_LINEARIZABILITY_H
#define DIPC_LINEARIZABILITY_H

/*
 * The linearizability checker: can each operation have taken effect at one
 * moment between its call and its return?
 *
 * Idea.  Walk through calls and returns in the order of time, with all
 * configurations that are possible so far: a state of the model, and which of
 * the operations under way have already taken effect.  An operation takes
 * effect no earlier than needed: when one returns that has not, every order of
 * operations under way that ends in it is tried.  Configurations that are equal
 * are one.  None left: the history is not linearizable, and that return cannot
 * be explained.
 *
 * Two rules keep the configurations few, and lose none that matters:
 *   - an operation of known outcome that is accepted and changes nothing takes
 *     effect at once: that it has puts no bound on any other
 *   - an operation of unknown outcome that would change nothing is left alone
 * An operation of unknown outcome stays under way, its return or not, until one
 * has taken effect that was called after it; so that of many, all orders are
 * tried only where an answer asks for it.
 *
 * The checker knows the model by its functions alone.  It treats mailboxes one
 * by one: a history is linearizable if that of each mailbox is (locality).
 *
 * Who may call.  One thread for each history.
 *
 * Source.  J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects",
 * J. Parallel and Distributed Computing 17, 1993; G. Lowe, "Testing for
 * Linearizability", Concurrency and Computation 29(4), 2017 (just-in-time
 * linearization, memoised); M. Herlihy and J. Wing, TOPLAS 12(3), 1990
 * (locality).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "operation.h"

struct linearizability_specification {
    struct model_state *(*init)(const struct operations *history,
                                uint32_t mailbox);
    struct model_state *(*step)(const struct operations *history,
                                struct model_state *state,
                                const struct operation *operation);
    bool (*equal)(const struct model_state *a, const struct model_state *b);
    /* NULL: every order is tried */
    bool (*is_spent)(const struct model_state *state,
                     const struct operation *operation);
};

/* The model of mailboxes. */
extern const struct linearizability_specification linearizability_mailboxes;

enum linearizability_verdict {
    LINEARIZABILITY_GOOD,
    LINEARIZABILITY_BAD,
    LINEARIZABILITY_UNDECIDED /* more configurations than the bound */
};

/* The configurations that one mailbox may have at any moment. */
#define LINEARIZABILITY_CONFIGURATIONS_MAX 4000U

struct linearizability_result {
    enum linearizability_verdict verdict;
    size_t culprit; /* BAD: the operation whose return has no explanation */
    size_t checked; /* operations walked through */
    size_t widest;  /* the most configurations at a time */
    uint64_t steps; /* of the model */
    /*
     * BAD: a moment before the culprit's call when only one state was possible,
     * so far back that a change lies between the two where there is one.
     */
    uint64_t since_ns;
    struct model_state *since; /* that state */
    size_t *since_done;        /* under way then, and had taken effect */
    size_t since_done_count;
};

/* Decide the part of a history that concerns one mailbox. */
struct linearizability_result
linearizability_check(const struct linearizability_specification *specification,
                      const struct operations *history, uint32_t mailbox);

/* Give back what a result holds. */
void linearizability_forget(struct linearizability_result *result);

const char *linearizability_verdict_name(enum linearizability_verdict verdict);

#endif
