#ifndef DIPC_RESP_CODEC_H
#define DIPC_RESP_CODEC_H

/*
 * The reading half of Redis's protocol (RESP): bytes to the arguments of
 * commands.
 *
 * Idea.  A parser remembers how far into the bytes of the command under way it
 * has looked, so that each byte is looked at once, however the bytes arrive.
 * Arguments are places in those bytes: nothing is copied, and nothing is
 * allocated for what was merely announced.  A command is either an array of
 * bulk strings (`*2\r\n$3\r\nGET\r\n$1\r\n3\r\n`) or a line typed by a person
 * (`GET 3`), whose words may stand in quotes.
 *
 * A command that is longer than the limits allow is skipped: the parser goes on
 * through it without keeping anything, so that the stream stays in step.
 *
 * Invariants.
 *   P1  what is said of a command depends on its bytes alone, never on how many
 *       arrived together
 *   P2  every argument lies within the bytes before `at`
 *
 * Who may call.  The owner of the parser.
 *
 * Source.  The protocol's public specification, and the errors of Redis 7.0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest typed line, and the longest header of an array or a bulk. */
#define RESP_LINE_MAX 65536

/* The most arguments of a command, its name included. */
#define RESP_ARGUMENTS_MAX 4096

/* The longest text that says what is wrong with the protocol. */
#define RESP_FAULT_MAX 64

/* Where an argument lies in the bytes of its command. */
struct resp_argument {
    size_t offset;
    size_t length;
};

struct resp_parser {
    size_t length_max; /* of a whole command; const after init */
    uint64_t skip_max; /* the most that is skipped; const after init */
    struct resp_argument *arguments; /* capacity of them, or NULL */
    size_t capacity;
    size_t count;       /* arguments that are complete */
    size_t expected;    /* how many the array has; 0: no array has begun */
    size_t at;          /* what lies before is behind */
    size_t scanned;     /* what lies before holds no end of a line from `at` */
    bool is_in_bulk;    /* a bulk's header has been read */
    uint64_t bulk_left; /* in bulk: bytes of it, with its end, to come */
    bool is_skipping;
    uint64_t skipped; /* skipping: announced since that began */
    char fault[RESP_FAULT_MAX];
};

/*
 *   length_max  what a whole command may be long
 *   skip_max    how long a command may be that is skipped
 */
void resp_parser_init(struct resp_parser *parser, size_t length_max,
                      uint64_t skip_max);
void resp_parser_fini(struct resp_parser *parser);

/*
 * Go on with the command that begins at bytes[0]; at the same bytes as before,
 * and perhaps more.  Words of a typed line are unquoted where they are.
 * On success the command is bytes[0..parser->at), and has parser->count
 * arguments: none means that there is nothing to do.
 * Errors:  EAGAIN   its end has not arrived
 *          EFBIG    it is too long: call resp_skip from here on
 *          EBADMSG  no command: parser->fault says why; close
 *          ENOMEM   no memory for the arguments; close
 */
int resp_parse(struct resp_parser *parser, char *bytes, size_t length_bytes)
    __attribute__((warn_unused_result));

/*
 * After EFBIG: go on skipping.  The first parser->at bytes are used up; the
 * caller drops them and calls resp_parser_drop.
 * Errors:  EAGAIN    its end has not arrived
 *          EMSGSIZE  it is longer than skip_max: close
 *          EBADMSG   as above
 */
int resp_skip(struct resp_parser *parser, const char *bytes,
              size_t length_bytes) __attribute__((warn_unused_result));

/* The first parser->at bytes are gone. */
void resp_parser_drop(struct resp_parser *parser);

/* The command is behind: the next one begins. */
void resp_parser_next(struct resp_parser *parser);

/* True when nothing of a command has been looked at. */
bool resp_parser_is_fresh(const struct resp_parser *parser);

/* Give back the memory for arguments. */
void resp_parser_rest(struct resp_parser *parser);

/*
 * A whole number written as a machine writes one: no plus, no spaces, no
 * leading zeros, within 64 bits.
 * Errors: EINVAL
 */
int resp_integer(const char *bytes, size_t length_bytes, int64_t *number)
    __attribute__((warn_unused_result));

/*
 * Is this the word, in letters of either case?  The word is in lower case.
 */
bool resp_is_word(const char *bytes, size_t length_bytes, const char *word);

/*
 * The number of the mailbox that a key names: the decimal number after its
 * last colon, or all of it.  Leading zeros are fine.
 * Errors: EINVAL  no number, or one beyond 64 bits
 */
int resp_mailbox_of_key(const char *bytes, size_t length_bytes,
                        uint64_t *mailbox) __attribute__((warn_unused_result));

#endif
