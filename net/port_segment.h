#ifndef DIPC_PORT_SEGMENT_H
#define DIPC_PORT_SEGMENT_H

/*
 * The segment of a port: made new, or taken over from a server that was killed.
 *
 * Idea.  One segment has the name of a user and a port.  When it exists and
 * its owner is dead, its mailboxes are worth keeping: the segment is adopted
 * after all of it was checked, and what fails its check is reset, with a line
 * in the log.  What cannot be adopted is refused, never overwritten: to throw
 * it away takes an explicit word.
 *
 * Who may call.  The server's main thread, before any client is let in.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "complaint.h"
#include "log.h"
#include "mapping.h"
#include "naming.h"
#include "segment.h"

struct port_segment_request {
    uid_t user;
    uint16_t port;
    struct segment_geometry geometry;
    bool attachable; /* other processes will use it too */
    bool checked;    /* assert every invariant at every step */
    bool fresh;      /* throw away what a killed server left */
    bool unclaimed;  /* refuse what a killed server left: any port would do */
};

struct port_segment {
    char name[NAMING_MAX];
    struct mapping mapping;
    struct segment segment;
    bool attachable;
    bool adopted;
    struct segment_adoption adoption; /* when adopted */
};

/*
 * Open the segment.
 * Errors: EEXIST     there is one that is not to be had: its server lives, its
 *                    geometry is another, it fails its check, other processes
 *                    have it attached, or it is unclaimed
 *         ENOSPC     the memory file system has no room for it
 *         any other  from making it
 * The complaint says it in words, but for ENOSPC.  Nothing half-made is left,
 * and nothing that was there is changed.
 */
int port_segment_open(struct port_segment *held,
                      const struct port_segment_request *request,
                      struct log *log, struct complaint *complaint)
    __attribute__((warn_unused_result));

/* Does a segment of this name exist?  Then creating one needs no memory. */
bool port_segment_exists(uid_t user, uint16_t port);

/*
 * Remove it.  Processes that have it attached keep the memory to themselves
 * until they let go.
 */
void port_segment_close(struct port_segment *held);

/*
 * Let go of it where a start fails: what was taken over is left as it is, for
 * the next one, and what was made is closed.
 */
void port_segment_abandon(struct port_segment *held);

/* The same for a process that ends at once, whatever its threads still do. */
void port_segment_unlink(struct port_segment *held);

/*
 * Say in words who has the segment of this user and port.
 * Errors: those of mapping_owner; then the complaint is as it was
 */
int
port_segment_complain(uid_t user, uint16_t port, struct complaint *complaint)
    __attribute__((warn_unused_result));

#endif
