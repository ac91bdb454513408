/* unsupported "futex operation": requeueing is not modelled. */
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint word[2];

void
t0(void)
{
    syscall(SYS_futex, &word[0], FUTEX_REQUEUE, 1, (void *)1, &word[1], 0);
}
