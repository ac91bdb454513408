#ifndef DIPC_FAULTS_H
#define DIPC_FAULTS_H

/*
 * Faults: calls of the C library that fail when they are told to.
 *
 * Idea.  A program is linked with -Wl,--wrap for each call of
 * tests/faults/calls that can fail, so that it comes through here.  What is to
 * happen stands in the environment, for the process that was started with it
 * and its forks, which count together:
 *
 *   DIPC_FAULTS="REPORT count"          append each call's name to REPORT
 *   DIPC_FAULTS="REPORT fail CALL N E"  the N-th CALL fails with the number E;
 *                                       REPORT gets a line once it has
 *   DIPC_FAULTS="REPORT short"          every stream moves one byte at a time
 *   DIPC_FAULTS="REPORT interrupt"      each call that can wait is interrupted
 *                                       every other time, the first too
 *
 * Without the variable nothing is different.  A call that fails has done
 * nothing; close alone has closed, as Linux does.
 *
 * Who may call.  The wrappers.
 */

#include <stddef.h>

/* The error with which this call is to fail; 0: it is not. */
int faults_due(const char *call);

/* The same for one that can wait, called from this place in the program. */
int faults_due_waiting(const char *call, const void *place);

/* How many of these bytes this call may move. */
size_t faults_limit(int fd, size_t length_bytes);

#endif
