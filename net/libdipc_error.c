#include "libdipc_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [DIPC_OK] = "DIPC_OK",
    [DIPC_CONFLICT] = "DIPC_CONFLICT",
    [DIPC_NOTHING_NEWER] = "DIPC_NOTHING_NEWER",
    [DIPC_NO_SUCH_MAILBOX] = "DIPC_NO_SUCH_MAILBOX",
    [DIPC_TOO_LARGE] = "DIPC_TOO_LARGE",
    [DIPC_BUSY] = "DIPC_BUSY",
    [DIPC_BAD_REQUEST] = "DIPC_BAD_REQUEST",
    [DIPC_OTHER_ERROR] = "DIPC_OTHER_ERROR",
    [DIPC_SHUTTING_DOWN] = "DIPC_SHUTTING_DOWN",
    [DIPC_INTERNAL] = "DIPC_INTERNAL",
    [DIPC_NOT_FOUND] = "DIPC_NOT_FOUND",
    [DIPC_REFUSED] = "DIPC_REFUSED",
    [DIPC_UNREACHABLE] = "DIPC_UNREACHABLE",
    [DIPC_TIMED_OUT] = "DIPC_TIMED_OUT",
    [DIPC_BROKEN] = "DIPC_BROKEN",
    [DIPC_PROTOCOL] = "DIPC_PROTOCOL",
    [DIPC_INVALID] = "DIPC_INVALID",
    [DIPC_NO_MEMORY] = "DIPC_NO_MEMORY",
};

const char *
dipc_status_name(enum dipc_status status)
{
    const size_t index = (size_t)status;

    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}

enum dipc_status
libdipc_fail(struct dipc_error *error, enum dipc_status status,
             const char *format, ...)
{
    va_list arguments;

    if (!error) {
        return status;
    }
    *error = (struct dipc_error){.status = status};
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *at = error->message; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = '?';
        }
    }
    return status;
}

/* glibc's strerror_r, which keeps no state of its own. */
const char *
libdipc_error_text(int number, char *room, size_t room_bytes)
{
    return strerror_r(number, room, room_bytes);
}
