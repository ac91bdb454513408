#ifndef DIPC_LIBDIPC_ERROR_H
#define DIPC_LIBDIPC_ERROR_H

/*
 * How libdipc says that something was not done: a status, and a sentence.
 *
 * Who may call.  Any thread, each on an error of its own.
 */

#include "dipc.h"

/*
 * Fill an error, unless it is NULL, and return the status.  Control characters
 * in the sentence (it may have come over the network) are shown as '?'.
 */
enum dipc_status
libdipc_fail(struct dipc_error *error, enum dipc_status status,
             const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What the system says of an errno value. */
const char *libdipc_error_text(int number, char *room, size_t room_bytes);

#define LIBDIPC_ERROR_ROOM 128

#endif
