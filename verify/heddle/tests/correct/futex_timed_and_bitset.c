/* clean: a wait with a time ends by itself; a wake-up with other bits leaves
 * it alone. */
#include <errno.h>
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint word;
static struct timespec soon;

void
pre(void)
{
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_sec++;
}

void
t0(void)
{
    struct timespec length = {1, 0};

    if (syscall(SYS_futex, &word, FUTEX_WAIT, 0, &length, NULL, 0) != 0) {
        heddle_assert(errno == ETIMEDOUT);
    }
}

void
t1(void)
{
    long got =
        syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &soon, NULL, 2);

    heddle_assert(got != 0);
    heddle_assert(errno == ETIMEDOUT);
}

void
t2(void)
{
    syscall(SYS_futex, &word, FUTEX_WAKE_BITSET, 2, NULL, NULL, 1);
}
