#ifndef DIPC_COMMONS_H
#define DIPC_COMMONS_H

/*
 * Commons: an attachable segment that the processes of one run share.
 *
 * Idea.  The run's first process creates it and takes its name away at once, so
 * that nothing is left however the run ends; the others, its children, attach
 * it by the descriptor that they inherit.
 *
 * Who may call.  create, destroy: the first process.  attach: a child, which
 * lets go of what it inherited.
 *
 * Errors.  Each ends the process with a message: a run without its segment is
 * none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mapping.h"
#include "segment.h"

struct commons {
    struct mapping mapping;
    struct segment segment;
};

void commons_create(struct commons *commons,
                    const struct segment_geometry *geometry, bool checked);
void commons_attach(struct commons *commons);
void commons_destroy(struct commons *commons);

#endif
