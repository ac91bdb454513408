#ifndef DIPC_STRESS_REDIS_TALK_H
#define DIPC_STRESS_REDIS_TALK_H

/*
 * The operations of the stress in Redis's protocol: what is asked, and what an
 * answer says.
 *
 * Idea.  Each operation must come to know the version that it saw or made.  A
 * read is GETWITHETAG, one that waits DIPC.WAIT, a replacement SETWITHETAG or
 * SETIFMATCH.  SETRANGE and APPEND tell no version; so they stand in a
 * transaction with a GETWITHETAG behind them, which must show what they did.
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "operation.h"

/* The most bytes that are asked beside an operation's data. */
#define REDIS_TALK_BYTES 512U

/*
 * Make an operation one that can be asked so: all of a content is read, and no
 * condition but a replacement's is kept.
 */
void redis_talk_adapt(struct operation *operation, uint64_t mailbox_bytes);

/*
 * Write what asks for it; its data is made here.  Returns its length.
 *   wait_ms  of a read that waits
 */
size_t redis_talk_ask(unsigned char *out, const struct operation *operation,
                      uint32_t wait_ms);

/* How many answers it has. */
unsigned redis_talk_answers(const struct operation *operation);

/* The length of the answer that begins here; 0: it is not whole yet. */
size_t redis_talk_length(const unsigned char *in, size_t length);

/*
 * Note what its answers say.  An outcome that they do not tell stays as it is.
 * Returns what is against the protocol in them, or NULL.
 */
const char *redis_talk_note(struct operation *operation,
                            const unsigned char *in, size_t length);

#endif
