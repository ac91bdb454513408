#ifndef DIPC_COMPLAINT_H
#define DIPC_COMPLAINT_H

/*
 * A complaint: why something that a person asked for cannot be done, in one
 * sentence without the program's name, the final stop or a newline.
 *
 * Idea.  An errno value tells a program what failed, not a person.  Functions
 * that set a server up or end one fill a complaint beside the errno that they
 * return; the command prints it behind its own name.
 *
 * Who may call.  Any thread, each on a complaint of its own.
 */

#include <stdarg.h>

#define COMPLAINT_MAX 512

struct complaint {
    char text[COMPLAINT_MAX];
};

/*
 * Put a sentence together, cut at COMPLAINT_MAX; control characters in it
 * (they come from arguments and file names) are shown as '?'.
 */
void complaint_set(struct complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void
complaint_set_list(struct complaint *complaint, const char *format,
                   va_list arguments) __attribute__((format(printf, 2, 0)));

#endif
