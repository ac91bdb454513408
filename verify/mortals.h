#ifndef DIPC_MORTALS_H
#define DIPC_MORTALS_H

/*
 * Threads that may die at any step, and the clock by which the others look
 * for them.
 *
 * Idea.  As in cast.h, one thread for each script of the command line, and each
 * letter of a script an operation.  A script that begins with an exclamation
 * mark is that of a mortal: it may die at each of its steps, and in putting in
 * order what another left, as often as --deaths
 * says.  One that begins with a percent sign is mortal only while it acquires,
 * waits or removes the dead: where recovery happens.  Nobody helps: whoever
 * waits looks round by itself when its nap is over.  So the checker is told
 * --idle-time: a nap is over when nobody can do anything else.
 *   -f  seats sleep on futex words, as among processes, and not on conditions
 *
 * Deadlines follow from the letter of an operation:
 *   lower case  none
 *   upper case  passed already: the wait may end at any moment
 *   x, y        a patient reader, writer: later than any recovery takes, and
 *               so never to pass
 *
 * Who may call.  The main thread of a harness.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MORTALS_MAX 4U

struct mortals {
    const char *scripts[MORTALS_MAX];
    uint32_t count;
    bool futex;
};

/* Understand the command line; a mistake ends the program. */
void mortals_read(struct mortals *mortals, int argc, char **argv);

/* The calling thread begins, or ends, to acquire, wait or remove the dead. */
void mortals_danger(bool begins);

/* Run every script in a thread of its own; return when all have ended. */
void mortals_play(const struct mortals *mortals,
                  void (*play)(uint32_t thread, const char *script));

/* CLOCK_MONOTONIC, as a seat table wants it. */
void mortals_now(struct timespec *now);

/* The deadline that a letter means, in *memory, or NULL. */
const struct timespec *mortals_deadline(char letter, struct timespec *memory);

/* Is ETIMEDOUT an answer to the letter? */
bool mortals_may_be_late(char letter);

#endif
