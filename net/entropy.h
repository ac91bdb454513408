#ifndef DIPC_ENTROPY_H
#define DIPC_ENTROPY_H

/*
 * Bytes that nobody can guess.
 *
 * Idea.  The kernel's; a signal that interrupts the wait for its randomness is
 * not the end of it.
 *
 * Who may call.  Any thread.
 *
 * Source.  getrandom(2): up to 256 bytes are given whole or not at all.
 */

#include <stddef.h>

#define ENTROPY_BYTES_MAX 256

/*
 * Fill room[0..bytes), at most ENTROPY_BYTES_MAX.
 * Errors:  those of getrandom(2)
 */
int entropy_draw(void *room, size_t bytes);

#endif
