#ifndef DIPC_MODEL_H
#define DIPC_MODEL_H

/*
 * The model: what a mailbox is, for the checker, in three pure functions.
 *
 * Idea.  A state is a version and a content, and never changes once it is made;
 * a step makes another, or gives the same one back when the operation changes
 * nothing.  An operation whose outcome is known is accepted only where its
 * answer is the right one, to the byte; one of unknown outcome is accepted
 * everywhere, and does what its request says.
 *
 * This is docs/protocol.md once more, and shares no code with the server.
 *
 * Who may call.  One thread for each run of the checker: references are counted
 * plainly.
 */

#include <stdbool.h>
#include <stdint.h>

#include "operation.h"

struct model_state {
    uint64_t version;
    uint64_t size;
    uint32_t references;
    unsigned char content[];
};

/* What the mailbox of this number held when the history began. */
struct model_state *
model_init(const struct operations *history, uint32_t mailbox);

/*
 * The state after the operation, or NULL where it cannot have happened with
 * this answer.  The caller has a reference to what it gets.
 */
struct model_state *
model_step(const struct operations *history, struct model_state *state,
           const struct operation *operation);

bool model_equal(const struct model_state *a, const struct model_state *b);

/*
 * True only if no changing step, and none after it, leads from here to where
 * the operation is accepted.  A help for the search, which decides the same
 * without it.
 */
bool model_is_spent(const struct model_state *state,
                    const struct operation *operation);

struct model_state *model_keep(struct model_state *state);
void model_drop(struct model_state *state);

#endif
