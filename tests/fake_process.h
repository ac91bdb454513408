#ifndef DIPC_FAKE_PROCESS_H
#define DIPC_FAKE_PROCESS_H

/*
 * What happens between learning of a process and taking hold of it: pidfd_open
 * of a test program passes here.
 *
 * Who may call.  One test's main thread.
 */

#include <sys/types.h>

/* Before the next pidfd_open this is called, once, with its process. */
void fake_process_before_open(void (*called)(pid_t process));

#endif
