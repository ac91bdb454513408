/* clean: the word is looked at and the thread queued in one step, so that no
 * wake-up is lost. */
#include <errno.h>
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint word;
static int data;

void
t0(void)
{
    while (atomic_load(&word) == 0) {
        long got = syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);

        heddle_assert(got == 0 || errno == EAGAIN);
    }
    heddle_assert(data == 1);
}

void
t1(void)
{
    data = 1;
    atomic_store(&word, 1);
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
