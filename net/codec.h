#ifndef DIPC_CODEC_H
#define DIPC_CODEC_H

/*
 * The codec of DIPC's own text protocol: bytes to requests, and outcomes to
 * answer lines.
 *
 * Idea.  Pure functions: no state, no clock, no mailbox.  A request is found
 * in two steps: codec_find_line looks for the end of a header line, and
 * codec_decode reads one.  A line that is no request comes with its fate:
 * what the stream does next, so that client and server stay in step.  What a
 * request means is the session's affair; a session meets this codec in five
 * functions only, and another protocol is another such five.
 *
 * The verbs and the options that each of them knows stand in tables: one for a
 * server of mailboxes, and one for a collector of results (net/collector.h).
 *
 * Invariants.
 *   C1  what is said of a line depends on its bytes alone, never on how many
 *       arrived together
 *   C2  an answer line has no byte in it that a terminal would obey, and one
 *       newline, at its end
 *
 * Who may call.  Any thread.
 *
 * Source.  docs/protocol.md
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* The longest header line, without the carriage return and newline. */
#define CODEC_LINE_MAX 255

/* The same with both. */
#define CODEC_HEADER_MAX (CODEC_LINE_MAX + 2)

/* The longest answer line, with its newline. */
#define CODEC_ANSWER_MAX 256

/* The longest text for a person in an answer, with its terminating zero. */
#define CODEC_TEXT_MAX 192

/* The longest token that a collector can have given, without its end. */
#define CODEC_TOKEN_MAX 64

/* Every number is less than this: 63 bits. */
#define CODEC_NUMBER_END ((uint64_t)1 << 63)

enum codec_verb {
    CODEC_READ,
    CODEC_WRITE,
    CODEC_STATISTICS,
    CODEC_QUIT,
    CODEC_GATHER /* collectors only */
};

/* Which fields and options a request was given. */
enum codec_given {
    CODEC_MAILBOX = 1,
    CODEC_LENGTH = 2, /* a framed write */
    CODEC_AT = 4,
    CODEC_MAX = 8,
    CODEC_IF = 16,
    CODEC_AFTER = 32,
    CODEC_WAIT = 64,
    CODEC_TOKEN = 128,
    CODEC_TYPE = 256,
    CODEC_SIZE = 512,
    CODEC_FAIL = 1024
};

/* What was not given has the value that means the same. */
struct codec_request {
    enum codec_verb verb;
    unsigned given; /* enum codec_given, or-ed */
    enum store_mode mode;
    uint64_t mailbox;
    uint64_t length_bytes;
    uint64_t offset_bytes;
    uint64_t max_bytes;
    uint64_t if_version; /* STORE_ANY_VERSION: not given */
    uint64_t after_version;
    uint64_t wait_ms;
    uint64_t type;
    uint64_t size_bytes; /* STORE_ANY_SIZE: not given */
    uint64_t fail;
    char token[CODEC_TOKEN_MAX + 1];
};

/* Where the stream stands after a line that is no request. */
enum codec_fate {
    CODEC_LINE_ENDED,   /* the next request begins right after the line */
    CODEC_DATA_FOLLOWS, /* it begins after dropped_bytes more */
    CODEC_OUT_OF_STEP   /* nobody knows: close */
};

struct codec_fault {
    enum codec_fate fate;
    uint64_t dropped_bytes;    /* DATA_FOLLOWS */
    char text[CODEC_TEXT_MAX]; /* for a person */
};

enum codec_error {
    CODEC_BAD_REQUEST,
    CODEC_NO_SUCH_MAILBOX,
    CODEC_TOO_LARGE,
    CODEC_TIMEOUT,
    CODEC_BUSY,
    CODEC_SHUTTING_DOWN,
    CODEC_DENIED, /* collectors only */
    CODEC_INTERNAL
};

/*
 * Find the header line that begins at bytes[0].
 *   line_bytes   its length without its end ("\n" or "\r\n"), on success
 *   whole_bytes  its length with its end, on success
 * Errors:  EAGAIN    its end has not arrived
 *          EMSGSIZE  it is longer than CODEC_LINE_MAX, wherever it ends
 */
int codec_find_line(const char *bytes, size_t length_bytes, size_t *line_bytes,
                    size_t *whole_bytes) __attribute__((warn_unused_result));

/*
 * Read the request in a header line, given without its end.
 * Errors:  ENODATA  nothing but spaces: skip it
 *          EBADMSG  no request; *fault says what is wrong and what follows
 */
int
codec_decode(const char *line, size_t line_bytes, struct codec_request *request,
             struct codec_fault *fault) __attribute__((warn_unused_result));

/* The same on a collector, which knows g, w and q. */
int
codec_decode_collected(const char *line, size_t line_bytes,
                       struct codec_request *request, struct codec_fault *fault)
    __attribute__((warn_unused_result));

/*
 * True when the bytes are what some clients send without a newline: exactly
 * "r <mailbox>", "q" or "q <mailbox>", with one space and nothing else.
 */
bool codec_is_bare(const char *bytes, size_t length_bytes);

/* True when the bytes are no more than a line to be skipped. */
bool codec_is_blank(const char *bytes, size_t length_bytes);

/* "ok <length>\n".  Returns the line's length. */
size_t
codec_encode_ok(char line[static CODEC_ANSWER_MAX], uint64_t length_bytes);

/* "ok <length> version=<v> size=<s>\n".  Returns the line's length. */
size_t codec_encode_view(char line[static CODEC_ANSWER_MAX],
                         uint64_t length_bytes, const struct store_view *view);

/* "err <code>: <text>\n", the text cut to what fits.  Returns its length. */
size_t codec_encode_error(char line[static CODEC_ANSWER_MAX],
                          enum codec_error error, const char *text);

/* "err conflict version=<v>: expected version <e>\n".  Returns its length. */
size_t codec_encode_conflict(char line[static CODEC_ANSWER_MAX],
                             uint64_t version, uint64_t expected);

#endif
