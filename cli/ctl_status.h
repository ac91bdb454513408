#ifndef DIPC_CTL_STATUS_H
#define DIPC_CTL_STATUS_H

/*
 * The exit statuses of `dipcctl`: what a script can tell apart.
 *
 * Who may call.  Any thread.
 */

#include "dipc.h"

enum ctl_status {
    CTL_STATUS_DONE = 0,
    CTL_STATUS_FAILED = 1,
    CTL_STATUS_USAGE = 2,
    CTL_STATUS_CONFLICT = 3,
    CTL_STATUS_TIMED_OUT = 4,
    CTL_STATUS_NO_CONNECTION = 5,
    CTL_STATUS_REFUSED = 6,
    CTL_STATUS_UNKNOWN = 7 /* whether it was written */
};

enum ctl_status ctl_status_of(const struct dipc_error *error);

#endif
