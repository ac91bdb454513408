#ifndef DIPC_SCRATCH_DIRECTORY_H
#define DIPC_SCRATCH_DIRECTORY_H

/*
 * A directory of a test program's own, where what is made for a user while it
 * runs is put (XDG_RUNTIME_DIR): no server of this machine is met there.
 *
 * Who may call.  The group's set-up and tear-down.
 */

extern char scratch_directory[sizeof "/tmp/dipc-test-XXXXXX"];

/* 0, or -1: it could not be made. */
int scratch_directory_make(void);

/* With the empty directory of servers in it.  -1: something was left there. */
int scratch_directory_remove(void **state);

#endif
