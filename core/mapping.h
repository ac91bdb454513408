#ifndef DIPC_MAPPING_H
#define DIPC_MAPPING_H

/*
 * A mapping: named POSIX shared memory that one process owns.
 *
 * Idea.  The owner holds a record lock on the memory's descriptor for as long
 * as it lives.  The kernel drops the lock at its death, however it dies, and
 * names the holder to whoever asks: so "is its owner alive, and who is it" has
 * an answer that no process number in a file could give.  Memory is really
 * reserved at creation; a full file system is an error then, not a SIGBUS
 * later.
 *
 * Who may call.  Any process of the user.  The lock belongs to the process
 * that created the mapping: a fork does not inherit it, and closing any other
 * descriptor of the same memory in that process drops it.
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
