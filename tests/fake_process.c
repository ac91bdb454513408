#include "fake_process.h"

#include <stddef.h>
#include <sys/pidfd.h>

#include "fake_calls.h"

static void (*hook)(pid_t process);

int __real_pidfd_open(pid_t process, unsigned flags);
int __wrap_pidfd_open(pid_t process, unsigned flags);

int
__wrap_pidfd_open(pid_t process, unsigned flags)
{
    void (*called)(pid_t process) = hook;

    if (called != NULL) {
        hook = NULL;
        called(process);
    }
    return fake_calls_fails("pidfd_open") ? -1
                                          : __real_pidfd_open(process, flags);
}

void
fake_process_before_open(void (*called)(pid_t process))
{
    hook = called;
}
