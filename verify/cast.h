#ifndef DIPC_CAST_H
#define DIPC_CAST_H

/*
 * The cast of a harness: one thread for each script of the command line.
 *
 * Idea.  A script is a word, and each of its letters an operation, so that one
 * program checks every mix of operations: `rwlock_turns rw W` is a reader that
 * then writes, against a writer with a deadline.  The model checker decides in
 * which order the threads run, and which deadlines pass.  Words that begin with
 * a dash are options and stand before the scripts:
 *   -f  seats sleep on futex words, as among processes, and not on conditions
 *   -u  the first to put things in order after a death may die in doing so
 * A script that begins with an exclamation mark is a victim's: its thread may
 * die at any step, when the checker is told of --deaths.  There is one at most,
 * and once it has ended, or died, the cast puts in order what it left.
 *
 * Who may call.  The main thread of a harness.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CAST_MAX 6U

struct cast {
    const char *scripts[CAST_MAX];
    uint32_t count;
    uint32_t victim; /* CAST_MAX: nobody dies */
    bool futex;
    bool undertaker;
};

/* Understand the command line; a mistake ends the program. */
void cast_read(struct cast *cast, int argc, char **argv);

/* Does a script have this letter? */
bool cast_has(const struct cast *cast, char letter);

/*
 * Run every script in a thread of its own, and wait until all have ended.
 *   recover  puts in order what a dead thread left
 */
void cast_play(const struct cast *cast,
               void (*play)(uint32_t thread, const char *script),
               void (*recover)(void));

/* A deadline that may pass at any moment, or none: capitals have one. */
const struct timespec *cast_deadline(char letter);

#endif
