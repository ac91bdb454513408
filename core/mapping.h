#ifndef DIPC_MAPPING_H
#define DIPC_MAPPING_H

/*
 * A mapping: named POSIX shared memory that one process owns and others use.
 *
 * Idea.  The owner holds a record lock on the memory's first byte for as long
 * as it lives.  The kernel drops the lock at its death, however it dies, and
 * names the holder to whoever asks: so "is its owner alive, and who is it" has
 * an answer that no process number in a file could give.  Processes that attach
 * share a lock on the second byte, and whoever adopts the memory of a dead
 * owner needs that byte for itself: nobody else uses it then.  Memory is really
 * reserved at creation; a full file system is an error then, and not a SIGBUS
 * later.
 *
 * Who may call.  Any process of the user.  The owner's lock belongs to the
 * process that created or adopted the mapping: a fork does not inherit it, and
 * closing any other descriptor of the same memory in that process drops it, so
 * an owner does not attach its own memory.
 */

#include <stdint.h>
#include <sys/types.h>

struct mapping {
    void *memory;
    uint64_t bytes;
    int descriptor;
};

/*
 * Create, lock, reserve and map memory that nobody has under this name.
 *   name   "/…" as for shm_open
 * Errors: EEXIST     the name is taken: see mapping_owner
 *         ENOSPC     the memory file system has no room for it
 *         EAGAIN     somebody cleared the name while it was being created
 *         any other  from shm_open, fcntl, posix_fallocate, mmap
 * After an error nothing of it is left.
 */
int mapping_create(struct mapping *mapping, const char *name, uint64_t bytes)
    __attribute__((warn_unused_result));

/*
 * Become the owner of memory whose owner is dead and that nobody has attached.
 * Until mapping_share, nobody can attach it.
 * Errors: ENOENT     no memory has this name
 *         EBUSY      its owner lives
 *         EUSERS     other processes have it attached
 *         ENODATA    it has no bytes: its creator died early
 *         any other  from shm_open, fcntl, mmap
 */
int mapping_adopt(struct mapping *mapping, const char *name)
    __attribute__((warn_unused_result));
void mapping_share(struct mapping *mapping);

/*
 * Use memory that another process owns, by name or by a descriptor of it (which
 * is duplicated, not kept).
 * Errors: ENOENT     no memory has this name
 *         EBUSY      it is just being adopted
 *         ENODATA    it has no bytes yet
 *         any other  from shm_open, fcntl, mmap
 */
int mapping_attach(struct mapping *mapping, const char *name)
    __attribute__((warn_unused_result));
int mapping_attach_descriptor(struct mapping *mapping, int descriptor)
    __attribute__((warn_unused_result));

/* Unmap, close and so unlock; the name stays until mapping_unlink. */
void mapping_destroy(struct mapping *mapping);

/*
 * Who owns the memory of this name?
 *   owner   its process, or 0 when the owner is dead
 * Context: not the owner's own process.
 * Errors:  ENOENT     no memory has this name
 *          any other  from shm_open, fcntl
 */
int mapping_owner(const char *name, pid_t *owner)
    __attribute__((warn_unused_result));

/* Remove the name, as its owner.  Errors: ENOENT, and others of shm_unlink. */
int mapping_unlink(const char *name) __attribute__((warn_unused_result));

/*
 * Remove the name that a dead owner left.
 * Context: not the owner's own process.
 * Errors:  ENOENT  no memory has this name
 *          EBUSY   its owner lives
 */
int mapping_clear(const char *name) __attribute__((warn_unused_result));

#endif
