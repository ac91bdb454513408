#ifndef DIPC_ENDING_H
#define DIPC_ENDING_H

/*
 * The ending: what `dipcrm` does once its arguments are read.
 *
 * Who may call.  One thread.
 */

#include "removal_arguments.h"

/* End the server that is meant, and tell in words.  Returns the exit status. */
int ending_run(const struct removal_arguments *arguments);

#endif
