#ifndef DIPC_UNIX_NOTE_H
#define DIPC_UNIX_NOTE_H

/*
 * A note of a server's Unix socket, for whoever clears up after it was killed.
 *
 * Idea.  The socket's file may be anywhere, and only its server knew where.  So
 * the server leaves a note beside its control socket: a symbolic link, made in
 * one step, that leads nowhere; its text says which file it was.
 *
 *     7000.unix -> 26:4711:/run/mail/dipc.sock        device:inode:path
 *
 * Who may call.  Whoever has the directory open, locked against others.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "unix_socket.h"

/* Errors: those of symlinkat */
int unix_note_write(int directory, uint16_t port,
                    const struct unix_socket_file *file)
    __attribute__((warn_unused_result));

/* Errors: ENOENT  there is none, or it is unreadable */
int unix_note_read(int directory, uint16_t port, struct unix_socket_file *file)
    __attribute__((warn_unused_result));

void unix_note_remove(int directory, uint16_t port);

/*
 * Remove what the note tells of, if nobody listens there and it is the user's
 * (root may have given its own away), then the note.  How many were removed?
 */
unsigned unix_note_clear(int directory, uint16_t port, uid_t user);

#endif
