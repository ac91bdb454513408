#ifndef DIPC_FAKE_FILE_H
#define DIPC_FAKE_FILE_H

/*
 * A file system that answers what a test wants of it.
 *
 * Idea.  The test programs are linked so that fcntl, posix_fallocate and
 * fstatvfs come here first (ld's --wrap).  They are handed on, unless a test
 * has said what they answer.
 *
 * Who may call.  One test's main thread.
 */

/* The next fcntl fails with this error. */
void fake_file_lock_error(int error);

/* So many of the next calls of posix_fallocate are interrupted. */
void fake_file_interrupt(long times);

/* How often posix_fallocate was called since then. */
long fake_file_reservations(void);

/* fstatvfs tells of so many blocks, none of them free; -1: the truth. */
void fake_file_full(long blocks);

#endif
