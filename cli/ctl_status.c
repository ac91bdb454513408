#include "ctl_status.h"

enum ctl_status
ctl_status_of(const struct dipc_error *error)
{
    if (error->is_unknown) {
        return CTL_STATUS_UNKNOWN;
    }
    switch (error->status) {
    case DIPC_OK:
        return CTL_STATUS_DONE;
    case DIPC_CONFLICT:
        return CTL_STATUS_CONFLICT;
    case DIPC_NOTHING_NEWER:
    case DIPC_TIMED_OUT:
        return CTL_STATUS_TIMED_OUT;
    case DIPC_NOT_FOUND:
    case DIPC_REFUSED:
    case DIPC_UNREACHABLE:
        return CTL_STATUS_NO_CONNECTION;
    case DIPC_NO_SUCH_MAILBOX:
    case DIPC_TOO_LARGE:
    case DIPC_BUSY:
    case DIPC_BAD_REQUEST:
    case DIPC_OTHER_ERROR:
    case DIPC_SHUTTING_DOWN:
    case DIPC_INTERNAL:
        return CTL_STATUS_REFUSED;
    case DIPC_BROKEN:
    case DIPC_PROTOCOL:
    case DIPC_INVALID:
    case DIPC_NO_MEMORY:
        break;
    }
    return CTL_STATUS_FAILED;
}
