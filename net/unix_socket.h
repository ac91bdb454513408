#ifndef DIPC_UNIX_SOCKET_H
#define DIPC_UNIX_SOCKET_H

/*
 * A Unix socket: the file by which local clients reach a server.
 *
 * Idea.  Such a file outlives a killed server, and bind(2) says only that
 * something has the name.  So what is there is looked at: a socket that refuses
 * a connection has nobody behind it and is replaced; one that does not is in
 * use, and anything else is somebody's file; both are left alone.  Looking
 * and taking are one step under a lock in the user's runtime directory, so two
 * servers of one user that start at once cannot take each other's name.
 *
 * The file has its mode and its owner before the socket listens.  Until then
 * nobody can connect, so there is no moment with wider rights, whatever the
 * process's umask.  Which file it is stays on record, by device and inode: at
 * the end it is removed only if the name still leads to it.
 *
 * Who may call.  One thread for each socket.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "complaint.h"

#define UNIX_SOCKET_PATH_MAX sizeof(((struct sockaddr_un *)NULL)->sun_path)
#define UNIX_SOCKET_MODE 0600
#define UNIX_SOCKET_SAME_USER ((uid_t)-1)
#define UNIX_SOCKET_SAME_GROUP ((gid_t)-1)

struct unix_socket_request {
    const char *path;
    mode_t mode; /* of the file; to connect takes the right to write */
    uid_t user;  /* or UNIX_SOCKET_SAME_USER */
    gid_t group; /* or UNIX_SOCKET_SAME_GROUP */
};

/* A socket's file, so that it can be told from any other. */
struct unix_socket_file {
    char path[UNIX_SOCKET_PATH_MAX]; /* absolute */
    dev_t device;
    ino_t inode;
};

struct unix_socket {
    int fd; /* not blocking */
    struct unix_socket_file file;
};

/*
 * Listen on a path.
 * Errors: ENAMETOOLONG  the absolute path does not fit a socket's address
 *         EADDRINUSE    somebody listens there
 *         EEXIST        what is there is no socket
 *         any other     from the directory and the socket calls
 * The complaint names the path.  Nothing is left after an error.
 */
int unix_socket_open(struct unix_socket *socket,
                     const struct unix_socket_request *request,
                     struct complaint *complaint)
    __attribute__((warn_unused_result));

/* Stop listening, and remove the file if it is still the one that was made. */
void unix_socket_close(struct unix_socket *socket);

/*
 * Remove a file that a killed server left: only if it is this very one, of
 * this owner, and nobody listens.  Was it removed?
 *   owner  UNIX_SOCKET_SAME_USER: whoever it belongs to
 */
bool unix_socket_clear(const struct unix_socket_file *file, uid_t owner);

#endif
