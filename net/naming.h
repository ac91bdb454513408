#ifndef DIPC_NAMING_H
#define DIPC_NAMING_H

/*
 * The names of what a server puts into the system: one segment and one control
 * socket for each user and port.
 *
 *     /dipc-1000-7000   shared memory (under /dev/shm)
 *     7000.sock         in a directory of the user's own, see net/runtime.h
 *     7000.unix         there too: a note, see net/unix_note.h
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NAMING_MAX 48
#define NAMING_SHARED_MEMORY "/dev/shm"

void naming_segment(uid_t user, uint16_t port, char name[static NAMING_MAX]);
void naming_socket(uint16_t port, char name[static NAMING_MAX]);
void naming_unix_note(uint16_t port, char name[static NAMING_MAX]);

/* Is this a segment's name, without its slash?  Then whose, and which port? */
bool naming_is_segment(const char *name, uid_t *user, uint16_t *port);

#endif
