#ifndef DIPC_EXCERPT_H
#define DIPC_EXCERPT_H

/*
 * An excerpt: the shortest part of a bad history that is still bad.
 *
 * Idea.  It begins at a moment when only one state of the mailbox was possible
 * and ends with the return that nothing explains, so that what lies before and
 * behind can be left out.  Of what is left, only operations that changed
 * nothing are dropped, one after another, as long as the rest is bad: without a
 * change a good history could look bad, without a read it cannot.
 *
 * Who may call.  One thread for each history.
 */

#include <stddef.h>
#include <stdio.h>

#include "linearizability.h"
#include "operation.h"

struct excerpt {
    struct operations operations;
    size_t culprit;  /* in the excerpt */
    uint64_t end_ns; /* the return that nothing explains */
};

/*
 *   result  bad, of this mailbox of this history
 */
void
excerpt_make(struct excerpt *excerpt, const struct operations *history,
             uint32_t mailbox, const struct linearizability_result *result);
void excerpt_fini(struct excerpt *excerpt);

/* A history that can be checked again, with its verdict in comments. */
void excerpt_print(const struct excerpt *excerpt, FILE *stream);

/* Operations as bars on a time axis, as SVG. */
void excerpt_draw(const struct excerpt *excerpt, FILE *stream);

#endif
