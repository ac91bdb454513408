#ifndef DIPC_LIBDIPC_ANSWER_H
#define DIPC_LIBDIPC_ANSWER_H

/*
 * The first line of a server's answer, taken apart.
 *
 * Idea.  A pure function from a line to what it says; it looks at nothing
 * behind the newline and keeps nothing.  Keys that it does not know are passed
 * over, as the protocol asks of every client; what is not an answer at all is
 * told from an answer that says no.
 *
 * Who may call.  Any thread.
 */

#include "dipc.h"

#define LIBDIPC_LINE_MAX 4096 /* far more than a server of this version sends */

struct libdipc_answer {
    enum dipc_status status; /* DIPC_OK, or what the server says no with */
    bool is_timeout;         /* err timeout: of a wait, or of an idle client */
    size_t length;           /* of the data behind the line; 0 after an err */
    bool has_version;
    bool has_size;
    uint64_t version;
    uint64_t size;
    const char *text; /* for a person, in the line; not ended */
    size_t text_length;
};

/*
 * Take a line apart.
 *   line, length  without its newline
 * Errors: EPROTO  it is no answer
 */
int libdipc_answer_decode(const char *line, size_t length,
                          struct libdipc_answer *answer)
    __attribute__((warn_unused_result));

#endif
