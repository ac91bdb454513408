/* unsupported "system call": of the system calls only futex is modelled. */
#include <heddle.h>
#include <sys/syscall.h>
#include <unistd.h>

void
t0(void)
{
    heddle_state((unsigned)syscall(SYS_getppid));
}
