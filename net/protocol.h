#ifndef DIPC_PROTOCOL_H
#define DIPC_PROTOCOL_H

/*
 * Which protocol a client speaks: its first word tells.
 *
 * Idea.  Every request of DIPC's own protocol begins with a word of one
 * letter.  Redis's begins with `*`, or, typed by a person, with the name of a
 * command, which is longer.  What comes before the first word (spaces, ends of
 * lines) means nothing in either.
 *
 * Who may call.  Any thread.
 */

#include <stddef.h>

enum protocol {
    PROTOCOL_UNKNOWN, /* too little has arrived */
    PROTOCOL_DIPC,
    PROTOCOL_RESP
};

enum protocol protocol_of(const char *bytes, size_t length_bytes);

/*
 * The early refusal of a connection, a whole answer: the server has all the
 * clients it takes.  One of an unknown protocol is told in DIPC's.
 */
const char *protocol_refusal(enum protocol protocol);

#endif
